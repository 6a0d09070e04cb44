import { type Clock, errorMessage } from "@wherry/base";
import type { EventContent } from "../ports/event-recorder.ts";

/** Tries may be frequent, and a pod has few events. */
const repeatMs = 60_000;

export interface SyncFailuresOptions {
  readonly clock: Clock;
  readonly event: (content: EventContent) => void;
}

/**
 * Shows the failures of a pod's work that show nothing of themselves, as Warning `FailedSync`; the same words once a minute at most.
 *
 * Work that told a Warning of its own since its try began, e.g. `FailedMount`, is not told of twice.
 */
export class SyncFailures {
  readonly #options: SyncFailuresOptions;
  #told = false;
  #last: { readonly message: string; readonly atMs: number } | undefined;

  constructor(options: SyncFailuresOptions) {
    this.#options = options;
  }

  /** A try begins. */
  begin(): void {
    this.#told = false;
  }

  /** Takes note of an event of the pod. */
  observe({ type }: EventContent): void {
    if (type === "Warning") this.#told = true;
  }

  /** The try failed. */
  failed(error: unknown): void {
    if (this.#told) return;
    const { clock, event } = this.#options;
    const message = `Error syncing pod, skipping: ${errorMessage(error)}`;
    const atMs = clock.monotonic();
    if (this.#last?.message === message && atMs - this.#last.atMs < repeatMs) return;
    this.#last = { message, atMs };
    event({ type: "Warning", reason: "FailedSync", message });
  }
}
