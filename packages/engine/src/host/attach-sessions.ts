import { RpcError } from "@wherry/rpc/ttrpc";
import type { GuestSpec } from "../guest.ts";
import type { ControlBlock, OutputStream } from "./control-block.ts";
import type { WorkerReport, WorkerRequest } from "./worker-messages.ts";

/** Input on its way to the guest at which a sender is held. */
const maxQueuedInputBytes = 64 * 1024;

/** Most output in one answer. */
const maxAnswerBytes = 256 * 1024;

/** Most sessions of one guest at the same time. */
const maxSessions = 16;

export interface AttachedOutput {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly end: boolean;
}

interface Session {
  readonly streams: readonly OutputStream[];
  readonly stdin: boolean;
  readonly queue: { readonly stream: OutputStream; readonly bytes: Uint8Array }[];
  queuedBytes: number;
  ended: boolean;
  stalled: boolean;
  wake: (() => void) | undefined;
}

/**
 * Who is attached to a guest: each session reads copies of its output at its own pace and may write its input.
 *
 * The slowest session holds the guest once 256 KiB wait for it; if it takes nothing for 10 s, all sessions are ended.
 */
export class AttachSessions {
  readonly #spec: GuestSpec;
  readonly #control: ControlBlock;
  readonly #send: (request: WorkerRequest) => void;
  readonly #sessions: Map<number, Session> = new Map();
  readonly #inputWaiters: (() => void)[] = [];
  #unacknowledgedBytes = 0;
  #inputBytes = 0;
  #inputEnded = false;
  #ended = false;

  constructor(spec: GuestSpec, control: ControlBlock, send: (request: WorkerRequest) => void) {
    this.#spec = spec;
    this.#control = control;
    this.#send = send;
  }

  attach(session: number, request: { stdin: boolean; stdout: boolean; stderr: boolean }): void {
    if (this.#ended)
      throw new RpcError("FailedPrecondition", `Cannot attach to guest "${this.#spec.id}": it has exited`);
    if (this.#sessions.size >= maxSessions) {
      throw new RpcError("ResourceExhausted", `Cannot attach to guest "${this.#spec.id}": ${maxSessions} sessions are`);
    }
    const streams = (["stdout", "stderr"] as const).filter((stream) => request[stream]);
    this.#sessions.set(session, {
      streams,
      stdin: request.stdin && this.#spec.stdin,
      queue: [],
      queuedBytes: 0,
      ended: false,
      stalled: false,
      wake: undefined,
    });
    this.#updateWanted();
  }

  detach(id: number): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    this.#sessions.delete(id);
    session.ended = true;
    session.wake?.();
    if (session.stdin && this.#spec.stdinOnce) this.#endInput();
    this.#updateWanted();
    this.#acknowledge();
  }

  /** Output since the last call, waiting for some; `end` when none will follow. One call at a time for each session. */
  async read(id: number, signal: AbortSignal): Promise<AttachedOutput> {
    const session = this.#find(id);
    if (session.queue.length === 0 && !session.ended) {
      await new Promise<void>((resolve) => {
        session.wake = resolve;
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      session.wake = undefined;
    }
    if (session.stalled && session.queue.length === 0) {
      throw new RpcError("ResourceExhausted", "The attached session took no output for too long");
    }
    const output = takeOutput(session);
    this.#acknowledge();
    return output;
  }

  /** Hands input to the guest; resolves when there is room for more. */
  async write(id: number, data: Uint8Array, end: boolean, signal: AbortSignal): Promise<void> {
    const session = this.#find(id);
    if (!session.stdin) throw new RpcError("FailedPrecondition", `Guest "${this.#spec.id}" has no standard input`);
    if (this.#inputEnded) throw new RpcError("FailedPrecondition", `Standard input of "${this.#spec.id}" has ended`);
    if (data.length > 0) {
      this.#inputBytes += data.length;
      // The frame that the data are a view of goes away with the call.
      this.#send({ type: "input", bytes: data.slice() });
    }
    if (end && this.#spec.stdinOnce) this.#endInput();
    while (this.#inputBytes > maxQueuedInputBytes && !this.#ended && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#inputWaiters.push(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }

  /** Ends the guest's standard input. */
  closeInput(): void {
    this.#endInput();
  }

  onReport(report: Extract<WorkerReport, { type: "output" | "output-stalled" | "input-taken" }>): void {
    if (report.type === "input-taken") {
      this.#inputBytes -= report.sizeBytes;
      for (const wake of this.#inputWaiters.splice(0)) wake();
    } else if (report.type === "output") this.#distribute(report.stream, report.bytes);
    else {
      for (const session of this.#sessions.values()) {
        session.stalled = true;
        session.ended = true;
        session.wake?.();
      }
    }
  }

  /** The guest has exited: sessions get what is left, then the end. */
  end(): void {
    this.#ended = true;
    for (const session of this.#sessions.values()) {
      session.ended = true;
      session.wake?.();
    }
    for (const wake of this.#inputWaiters.splice(0)) wake();
  }

  #distribute(stream: OutputStream, bytes: Uint8Array): void {
    this.#unacknowledgedBytes += bytes.length;
    for (const session of this.#sessions.values()) {
      if (!session.streams.includes(stream) || session.ended) continue;
      session.queue.push({ stream, bytes });
      session.queuedBytes += bytes.length;
      session.wake?.();
    }
    this.#acknowledge();
  }

  /** Frees the worker of what even the slowest session has taken. */
  #acknowledge(): void {
    let waiting = 0;
    for (const session of this.#sessions.values()) waiting = Math.max(waiting, session.queuedBytes);
    const taken = this.#unacknowledgedBytes - waiting;
    if (taken <= 0) return;
    this.#unacknowledgedBytes = waiting;
    this.#control.acknowledge(taken);
  }

  #updateWanted(): void {
    const wanted = new Set<OutputStream>();
    for (const session of this.#sessions.values()) for (const stream of session.streams) wanted.add(stream);
    this.#control.setWanted([...wanted]);
  }

  #endInput(): void {
    if (this.#inputEnded || this.#ended) return;
    this.#inputEnded = true;
    this.#send({ type: "input-end" });
  }

  #find(id: number): Session {
    const session = this.#sessions.get(id);
    if (session === undefined) throw new RpcError("NotFound", `There is no attached session ${id}`);
    return session;
  }
}

function takeOutput(session: Session): AttachedOutput {
  const parts: Record<OutputStream, Uint8Array[]> = { stdout: [], stderr: [] };
  let sizeBytes = 0;
  while (sizeBytes < maxAnswerBytes) {
    const next = session.queue.shift();
    if (next === undefined) break;
    parts[next.stream].push(next.bytes);
    sizeBytes += next.bytes.length;
  }
  session.queuedBytes -= sizeBytes;
  return {
    stdout: Buffer.concat(parts.stdout),
    stderr: Buffer.concat(parts.stderr),
    end: session.ended && session.queue.length === 0,
  };
}
