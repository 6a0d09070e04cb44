import type { KubernetesObject } from "@wherry/kubernetes";

import type { Change } from "./object-store.ts";

interface Pending<T extends KubernetesObject> {
  /** What the consumer was last told is there. */
  readonly seen: T | undefined;
  /** The last change to the key. */
  latest: Change<T>;
}

/**
 * Changes on their way to one consumer, at most one entry a key: a slow consumer skips states in between but always gets the
 * latest one, and never an object it was not told of.
 */
export class ChangeQueue<T extends KubernetesObject> implements AsyncIterableIterator<Change<T>> {
  readonly #pending: Map<string, Pending<T>> = new Map();
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
    if (pending === undefined) this.#pending.set(key, { seen: seenBefore(change), latest: change });
    else if (pending.seen === undefined && change.type === "deleted") this.#pending.delete(key);
    else pending.latest = change;
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
    for (const [key, { seen, latest }] of this.#pending) {
      this.#pending.delete(key);
      return this.#merge(seen, latest);
    }
    return undefined;
  }

  /** The change from what the consumer knows to the latest state. */
  #merge(seen: T | undefined, latest: Change<T>): Change<T> {
    const { key, object } = latest;
    if (latest.type === "deleted") return latest;
    if (seen === undefined) return { type: "added", key, object };
    if (seen.metadata?.uid === object.metadata?.uid) return { type: "updated", key, object, previous: seen };
    // Queued anew rather than kept aside, so that changes arriving in between merge with it.
    this.#pending.set(key, { seen: undefined, latest: { type: "added", key, object } });
    return { type: "deleted", key, object: seen };
  }
}

function seenBefore<T extends KubernetesObject>(change: Change<T>): T | undefined {
  return change.type === "deleted" ? change.object : change.previous;
}
