import { errorMessage } from "./errors.ts";
import type { Logger } from "./logger.ts";

/**
 * Those who want to be told of something.
 *
 * A handler that throws, or answers a promise that rejects, is logged; it keeps neither the others nor whoever tells from going on.
 */
export class HandlerSet<Args extends readonly unknown[] = []> {
  readonly #logger: Logger;
  readonly #handlers: Set<(...args: Args) => unknown> = new Set();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Tells `handler` from now on; one that is added twice is told twice. The returned function ends it and is idempotent. */
  add(handler: (...args: Args) => void): () => void {
    const added = (...args: Args): unknown => handler(...args);
    this.#handlers.add(added);
    return () => void this.#handlers.delete(added);
  }

  /** Calls each handler there is now, in the order they came; never throws. */
  tell(...args: Args): void {
    for (const handler of [...this.#handlers]) {
      try {
        Promise.resolve(handler(...args)).catch((error: unknown) => this.#failed(error));
      } catch (error) {
        this.#failed(error);
      }
    }
  }

  /** Forgets all handlers. */
  clear(): void {
    this.#handlers.clear();
  }

  #failed(error: unknown): void {
    this.#logger.error("Change handler failed", { error: errorMessage(error) });
  }
}
