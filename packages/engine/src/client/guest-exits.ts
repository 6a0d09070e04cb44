import type { Clock } from "@wherry/base";
import { EngineError } from "../errors.ts";
import type { GuestExit } from "../guest.ts";
import type { GuestRecords } from "../guest-record.ts";

interface Entry {
  readonly promise: Promise<GuestExit>;
  readonly resolve: (exit: GuestExit) => void;
  exit: GuestExit | undefined;
}

/** The exits of a host's guests as the engine knows them: each is told once. */
export class GuestExits {
  readonly #records: GuestRecords;
  readonly #clock: Clock;
  readonly #entries: Map<string, Entry> = new Map();
  readonly #handlers: Set<(exit: GuestExit & { readonly id: string }) => void> = new Set();

  constructor(records: GuestRecords, clock: Clock) {
    this.#records = records;
    this.#clock = clock;
  }

  /** Adds a guest; `exit` when it is over already, which is told to nobody. */
  add(id: string, exit: GuestExit | undefined): void {
    const { promise, resolve } = Promise.withResolvers<GuestExit>();
    this.#entries.set(id, { promise, resolve, exit });
    if (exit !== undefined) resolve(exit);
  }

  delete(id: string): void {
    this.#entries.delete(id);
  }

  /** Guests that have not exited. */
  pending(): string[] {
    return [...this.#entries].filter(([, entry]) => entry.exit === undefined).map(([id]) => id);
  }

  wait(id: string): Promise<GuestExit> {
    const entry = this.#entries.get(id);
    return entry === undefined
      ? Promise.reject(new EngineError("NotFound", `There is no guest "${id}" to wait for`))
      : entry.promise;
  }

  settle(id: string, exit: GuestExit): void {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.exit !== undefined) return;
    entry.exit = exit;
    entry.resolve(exit);
    for (const handler of this.#handlers) handler({ ...exit, id });
  }

  onExit(handler: (exit: GuestExit & { readonly id: string }) => void): () => void {
    this.#handlers.add(handler);
    return () => void this.#handlers.delete(handler);
  }

  /** Settles what the host could not tell any more: from its records, else as killed with it, which is recorded. */
  hostDied(reason: string, outOfMemory: boolean): void {
    for (const record of this.#records.list()) {
      if (!this.#entries.has(record.id)) this.add(record.id, undefined);
      const exit = record.exit ?? {
        exitCode: 137,
        reason: outOfMemory ? ("OOMKilled" as const) : ("Error" as const),
        message: `Ended with its host: ${reason}`,
        startedAtMs: record.startedAtMs ?? 0,
        finishedAtMs: this.#clock.now(),
      };
      if (record.exit === undefined) this.#records.write({ ...record, state: "exited", exit });
      this.settle(record.id, exit);
    }
  }
}
