import type { RuntimeEvent } from "@wherry/runtime";

type Entry = RuntimeEvent | { readonly type: "overflow" };

/** Events to any number of consumers; the test may drop them to see whether anyone depends on them. */
export class EventFeed {
  /** While true, events are lost without a trace. */
  muted = false;
  readonly #consumers: Set<(entry: Entry) => void> = new Set();

  emit(entry: Entry): void {
    if (this.muted) return;
    for (const consumer of this.#consumers) consumer(entry);
  }

  async *subscribe(signal: AbortSignal | undefined): AsyncGenerator<Entry, void> {
    const queue: Entry[] = [];
    let wake: () => void = () => undefined;
    const consumer = (entry: Entry) => {
      queue.push(entry);
      wake();
    };
    const onAbort = () => wake();
    this.#consumers.add(consumer);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      while (signal?.aborted !== true) {
        const entry = queue.shift();
        if (entry !== undefined) yield entry;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      this.#consumers.delete(consumer);
      signal?.removeEventListener("abort", onAbort);
    }
  }
}
