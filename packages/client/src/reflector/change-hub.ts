import { errorMessage, type Logger } from "@wherry/base";
import { type KubernetesObject, objectKey } from "@wherry/kubernetes";

import { ChangeQueue } from "./change-queue.ts";
import type { Change, ReadonlyStore } from "./object-store.ts";

/** Tells the changes of one store to its handlers and subscribers. */
export class ChangeHub<T extends KubernetesObject> {
  readonly #store: ReadonlyStore<T>;
  readonly #logger: Logger;
  readonly #handlers: Set<(change: Change<T>) => void> = new Set();
  readonly #queues: Set<ChangeQueue<T>> = new Set();
  #ended = false;

  constructor(store: ReadonlyStore<T>, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  /** See `Reflector.onChange`. */
  onChange(handler: (change: Change<T>) => void): () => void {
    // Wrapped, so that a handler registered twice is told twice.
    const registered = (change: Change<T>) => handler(change);
    this.#handlers.add(registered);
    for (const change of this.#present()) this.#tell(registered, change);
    return () => void this.#handlers.delete(registered);
  }

  /** See `Reflector.subscribe`. */
  subscribe(signal: AbortSignal | undefined): ChangeQueue<T> {
    const onAbort = () => queue.end();
    const queue: ChangeQueue<T> = new ChangeQueue(() => {
      this.#queues.delete(queue);
      signal?.removeEventListener("abort", onAbort);
    });
    if (this.#ended || signal?.aborted) {
      queue.end();
      return queue;
    }
    signal?.addEventListener("abort", onAbort, { once: true });
    for (const change of this.#present()) queue.push(change);
    this.#queues.add(queue);
    return queue;
  }

  publish(changes: readonly Change<T>[]): void {
    if (changes.length === 0) return;
    // Who joins while changes are told has got the store as it is after all of them.
    const handlers = [...this.#handlers];
    const queues = [...this.#queues];
    for (const change of changes) {
      for (const handler of handlers) if (this.#handlers.has(handler)) this.#tell(handler, change);
      for (const queue of queues) queue.push(change);
    }
  }

  /** Ends the subscriptions, those to come too. */
  end(): void {
    this.#ended = true;
    for (const queue of this.#queues) queue.end();
  }

  #present(): Change<T>[] {
    return this.#store.list().map((object) => ({ type: "added", key: objectKey(object), object }));
  }

  #tell(handler: (change: Change<T>) => void, change: Change<T>): void {
    try {
      handler(change);
    } catch (error) {
      this.#logger.error("Change handler failed", { key: change.key, error: errorMessage(error) });
    }
  }
}
