import type { KubernetesObject } from "@wherry/kubernetes";

import type { Change } from "./object-store.ts";
import { PendingChange } from "./pending-change.ts";

/**
 * Changes on their way to one consumer, at most one entry a key: a slow consumer skips states in between but always gets the
 * latest one, the end of every object it was told of, and never that of another.
 */
export class ChangeQueue<T extends KubernetesObject> implements AsyncIterableIterator<Change<T>> {
  readonly #pending: Map<string, PendingChange<T>> = new Map();
  readonly #dispose: () => void;
  #waiting: ((result: IteratorResult<Change<T>>) => void)[] = [];
  #ended = false;

  /** @param dispose called once when the consumer leaves or the queue ends */
  constructor(dispose: () => void) {
    this.#dispose = dispose;
  }

  /** Keys with undelivered changes. */
  get size(): number {
    return this.#pending.size;
  }

  push(change: Change<T>): void {
    if (this.#ended) return;
    const { key } = change;
    const pending = this.#pending.get(key);
    if (pending === undefined) this.#pending.set(key, new PendingChange(change));
    else {
      pending.add(change);
      if (pending.isVoid) this.#pending.delete(key);
    }
    this.#deliver();
  }

  /** Ends the iteration; undelivered changes are dropped. Idempotent. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#pending.clear();
    for (const resolve of this.#waiting.splice(0)) resolve({ done: true, value: undefined });
    this.#dispose();
  }

  next(): Promise<IteratorResult<Change<T>>> {
    const change = this.#take();
    if (change !== undefined) return Promise.resolve({ done: false, value: change });
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<Change<T>>> {
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #deliver(): void {
    for (let resolve = this.#waiting[0]; resolve !== undefined; resolve = this.#waiting[0]) {
      const change = this.#take();
      if (change === undefined) return;
      this.#waiting.shift();
      resolve({ done: false, value: change });
    }
  }

  #take(): Change<T> | undefined {
    for (const [key, pending] of this.#pending) {
      this.#pending.delete(key);
      const change = pending.take();
      // Queued anew rather than kept aside, so that changes arriving in between merge with it.
      if (!pending.isVoid) this.#pending.set(key, pending);
      if (change !== undefined) return change;
    }
    return undefined;
  }
}
