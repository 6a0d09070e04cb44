import type { RuntimeEvent } from "./runtime.ts";

type Entry = RuntimeEvent | { readonly type: "overflow" };

const defaultCapacity = 4096;

/**
 * Fans runtime events out to any number of consumers without ever waiting for one: each has a bounded queue, and one that
 * falls behind gets an `overflow` entry in place of what it missed.
 */
export class RuntimeEventStream {
  readonly #consumers: Set<(entry: RuntimeEvent) => void> = new Set();
  readonly #capacity: number;

  /** @param capacity events held for each consumer */
  constructor(capacity: number = defaultCapacity) {
    this.#capacity = capacity;
  }

  emit(event: RuntimeEvent): void {
    for (const consumer of this.#consumers) consumer(event);
  }

  /** Events from this call on, until `signal` aborts; subscribing happens at the call, not at the first read. */
  subscribe(signal?: AbortSignal): AsyncIterableIterator<Entry> {
    const queue: Entry[] = [];
    let wake: (() => void) | undefined;
    let ended = signal?.aborted ?? false;
    const consumer = (event: RuntimeEvent) => {
      if (queue.length < this.#capacity) queue.push(event);
      else if (queue.at(-1)?.type !== "overflow") queue.splice(0, queue.length, { type: "overflow" });
      wake?.();
    };
    const end = () => {
      ended = true;
      this.#consumers.delete(consumer);
      signal?.removeEventListener("abort", end);
      wake?.();
    };
    if (!ended) this.#consumers.add(consumer);
    signal?.addEventListener("abort", end, { once: true });
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      async next(): Promise<IteratorResult<Entry>> {
        while (queue.length === 0 && !ended) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          wake = undefined;
        }
        const value = ended ? undefined : queue.shift();
        return value === undefined ? { done: true, value: undefined } : { done: false, value };
      },
      async return(): Promise<IteratorResult<Entry>> {
        end();
        return { done: true, value: undefined };
      },
    };
  }
}
