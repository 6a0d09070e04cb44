import { errorCode, errorMessage, type Logger } from "@wherry/base";
import type { GuestClock } from "../guest-clock.ts";
import type { DescriptorTable } from "./descriptor-table.ts";
import { Errno, ErrnoSignal, errnoFromCode } from "./errno.ts";
import { GuestMemory } from "./guest-memory.ts";
import { uncatchable } from "./trap.ts";

export interface GuestParts {
  readonly args: readonly string[];
  /** `NAME=value`. */
  readonly environ: readonly string[];
  readonly descriptors: DescriptorTable;
  readonly clock: GuestClock;
  readonly random: (buffer: Uint8Array) => void;
  readonly logger: Logger;
}

/** What ended a guest, once something did. */
export type GuestEnd = { readonly kind: "exit"; readonly code: number } | { readonly kind: "closed" };

/** All state of one running guest, shared by its imports. */
export class Guest {
  readonly args: readonly string[];
  readonly environ: readonly string[];
  readonly memory: GuestMemory = new GuestMemory();
  readonly descriptors: DescriptorTable;
  readonly clock: GuestClock;
  readonly random: (buffer: Uint8Array) => void;
  readonly #logger: Logger;
  readonly #waits: Set<(reason: Error) => void> = new Set();
  #end: { readonly how: GuestEnd; readonly unwinding: Error } | undefined;

  constructor(parts: GuestParts) {
    this.args = parts.args;
    this.environ = parts.environ;
    this.descriptors = parts.descriptors;
    this.clock = parts.clock;
    this.random = parts.random;
    this.#logger = parts.logger;
  }

  get end(): GuestEnd | undefined {
    return this.#end?.how;
  }

  /** Ends the guest from inside one of its calls. */
  exit(code: number): never {
    throw this.#finish({ kind: "exit", code });
  }

  /** Ends the guest from outside: a call that waits is unwound, and so is the next one it makes. Idempotent. */
  close(): void {
    const unwinding = this.#finish({ kind: "closed" });
    for (const reject of this.#waits) reject(unwinding);
    this.#waits.clear();
    this.descriptors.closeAll((error) => this.logFailure("Cannot close a descriptor of the guest", error));
  }

  /**
   * Waits for something on behalf of the guest, until it is closed. Everything a guest waits for goes through here: V8 never
   * frees a suspended stack whose promise stays pending.
   */
  wait<T>(promise: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waits.add(reject);
      promise.then(
        (value) => {
          this.#waits.delete(reject);
          resolve(value);
        },
        (error: unknown) => {
          this.#waits.delete(reject);
          reject(error);
        },
      );
    });
  }

  /** The errno for what a call threw. Errors nobody foresaw are logged and shown to the guest as EIO. */
  errnoOf(error: unknown, call: string): Errno {
    if (this.#end !== undefined) throw this.#end.unwinding;
    if (error instanceof ErrnoSignal) return error.errno;
    const errno = errnoFromCode(errorCode(error));
    if (errno !== undefined) return errno;
    this.logFailure("A WASI call of the guest failed in the host", error, call);
    return Errno.io;
  }

  logFailure(message: string, error: unknown, call?: string): void {
    this.#logger.error(message, { error: errorMessage(error), ...(call === undefined ? {} : { call }) });
  }

  /** Throws what ends a guest that should have ended. */
  checkAlive(): void {
    if (this.#end !== undefined) throw this.#end.unwinding;
  }

  /** The error that unwinds the guest. What ended it first stays. */
  #finish(how: GuestEnd): Error {
    this.#end ??= { how, unwinding: uncatchable() };
    return this.#end.unwinding;
  }
}
