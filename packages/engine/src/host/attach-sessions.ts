import { RpcError } from "@wherry/rpc/ttrpc";
import type { GuestSpec } from "../guest.ts";
import type { OutputStream } from "../log/output-stream.ts";
import { InputSource } from "./input-source.ts";

/** Input on its way to the guest at which a sender is held. */
const maxQueuedInputBytes = 64 * 1024;

/** Output waiting for a session at which the guest is held. */
const maxQueuedOutputBytes = 256 * 1024;

/** How long a guest is held for a session that takes nothing before the session loses. */
const maxStallMs = 10_000;

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
 * The slowest session holds the guest once 256 KiB wait for it; if it takes nothing for 10 s, it is ended.
 */
export class AttachSessions {
  /** The guest's standard input; undefined when it has none. */
  readonly input: InputSource | undefined;
  readonly #spec: GuestSpec;
  readonly #sessions: Map<number, Session> = new Map();
  readonly #inputWaiters: (() => void)[] = [];
  readonly #outputWaiters: Set<() => void> = new Set();
  #nextId = 1;
  #inputBytes = 0;
  #inputEnded = false;
  #ended = false;
  #onIdle: (() => void) | undefined;

  constructor(spec: GuestSpec) {
    this.#spec = spec;
    this.input = spec.stdin ? new InputSource((sizeBytes) => this.#inputTaken(sizeBytes)) : undefined;
  }

  /** The new session's number. */
  attach(request: { stdin: boolean; stdout: boolean; stderr: boolean }): number {
    if (this.#ended)
      throw new RpcError("FailedPrecondition", `Cannot attach to guest "${this.#spec.id}": it has exited`);
    if (this.#sessions.size >= maxSessions) {
      throw new RpcError("ResourceExhausted", `Cannot attach to guest "${this.#spec.id}": ${maxSessions} sessions are`);
    }
    const id = this.#nextId++;
    this.#sessions.set(id, {
      streams: (["stdout", "stderr"] as const).filter((stream) => request[stream]),
      stdin: request.stdin && this.#spec.stdin,
      queue: [],
      queuedBytes: 0,
      ended: false,
      stalled: false,
      wake: undefined,
    });
    return id;
  }

  detach(id: number): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    this.#sessions.delete(id);
    session.ended = true;
    session.wake?.();
    if (session.stdin && this.#spec.stdinOnce) this.#endInput();
    this.#outputTaken();
    if (this.#sessions.size === 0) this.#onIdle?.();
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
    if (session.stalled) {
      throw new RpcError("ResourceExhausted", "The attached session took no output for too long");
    }
    const output = takeOutput(session);
    this.#outputTaken();
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
      this.input?.push(data.slice());
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

  /**
   * Gives the sessions copies of what the guest wrote; a promise when the slowest has to catch up first. `bytes` is only read
   * during the call.
   */
  output(stream: OutputStream, bytes: Uint8Array): Promise<void> | undefined {
    let copy: Uint8Array | undefined;
    for (const session of this.#sessions.values()) {
      if (!session.streams.includes(stream) || session.ended) continue;
      copy ??= bytes.slice();
      session.queue.push({ stream, bytes: copy });
      session.queuedBytes += copy.length;
      session.wake?.();
    }
    return copy === undefined || this.#slow().length === 0 ? undefined : this.#hold();
  }

  /** The guest has exited: sessions get what is left, then the end. Calls `onIdle` when all have gone. */
  end(onIdle: () => void): void {
    this.#ended = true;
    this.#onIdle = onIdle;
    for (const session of this.#sessions.values()) {
      session.ended = true;
      session.wake?.();
    }
    for (const wake of this.#inputWaiters.splice(0)) wake();
    if (this.#sessions.size === 0) onIdle();
  }

  #slow(): Session[] {
    return [...this.#sessions.values()].filter((session) => session.queuedBytes > maxQueuedOutputBytes);
  }

  /** Resolves when all sessions have taken enough, or have lost: a container must never hang because somebody looks at it. */
  async #hold(): Promise<void> {
    for (let slow = this.#slow(); slow.length > 0; slow = this.#slow()) {
      if (await this.#takenWithin(maxStallMs)) continue;
      for (const session of slow) {
        session.stalled = true;
        session.ended = true;
        session.queue.length = 0;
        session.queuedBytes = 0;
        session.wake?.();
      }
    }
  }

  #takenWithin(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (taken: boolean) => {
        clearTimeout(timer);
        this.#outputWaiters.delete(onTaken);
        resolve(taken);
      };
      const onTaken = () => settle(true);
      const timer = setTimeout(() => settle(false), timeoutMs);
      this.#outputWaiters.add(onTaken);
    });
  }

  #outputTaken(): void {
    for (const waiter of [...this.#outputWaiters]) waiter();
  }

  #inputTaken(sizeBytes: number): void {
    this.#inputBytes -= sizeBytes;
    for (const wake of this.#inputWaiters.splice(0)) wake();
  }

  #endInput(): void {
    if (this.#inputEnded || this.#ended) return;
    this.#inputEnded = true;
    this.input?.end();
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
    const room = maxAnswerBytes - sizeBytes;
    parts[next.stream].push(next.bytes.subarray(0, room));
    if (next.bytes.length > room) session.queue.unshift({ ...next, bytes: next.bytes.subarray(room) });
    sizeBytes += Math.min(next.bytes.length, room);
  }
  session.queuedBytes -= sizeBytes;
  return {
    stdout: Buffer.concat(parts.stdout),
    stderr: Buffer.concat(parts.stderr),
    end: session.ended && session.queue.length === 0,
  };
}
