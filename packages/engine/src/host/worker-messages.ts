import type { GuestSpec } from "../guest.ts";
import type { OutputStream } from "./control-block.ts";

/** What the host's main thread tells a worker, in this order: one `prepare`, one `start`, then input. */
export type WorkerRequest =
  | { readonly type: "prepare"; readonly spec: GuestSpec; readonly control: SharedArrayBuffer }
  | { readonly type: "start" }
  | { readonly type: "input"; readonly bytes: Uint8Array }
  | { readonly type: "input-end" };

/** What a worker tells the main thread. */
export type WorkerReport =
  /** The thread is up and has done its rehearsal. */
  | { readonly type: "ready" }
  | { readonly type: "prepared" }
  /** The guest cannot be started, for a reason that lies in it or its specification. */
  | { readonly type: "refused"; readonly message: string }
  | { readonly type: "started" }
  | { readonly type: "exited"; readonly code: number }
  | { readonly type: "trapped"; readonly message: string }
  | { readonly type: "output"; readonly stream: OutputStream; readonly bytes: Uint8Array }
  /** Attached sessions took nothing for too long; no more is sent until the wanted streams are set anew. */
  | { readonly type: "output-stalled" }
  /** The guest took this much of its input. */
  | { readonly type: "input-taken"; readonly sizeBytes: number };

/** A report that concerns the guest. */
export type GuestReport = Exclude<WorkerReport, { readonly type: "ready" }>;
