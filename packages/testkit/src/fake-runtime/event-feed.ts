import { type RuntimeEvent, RuntimeEventStream } from "@wherry/runtime";

/** Events to any number of consumers; the test may drop them to see whether anyone depends on them. */
export class EventFeed {
  /** While true, events are lost without a trace. */
  muted = false;
  /** While true, each event comes twice. */
  doubled = false;
  readonly #stream: RuntimeEventStream;

  /** @param capacity events held for a consumer before it gets an overflow in their place */
  constructor(capacity?: number) {
    this.#stream = new RuntimeEventStream(capacity);
  }

  emit(event: RuntimeEvent): void {
    if (this.muted) return;
    this.#stream.emit(event);
    if (this.doubled) this.#stream.emit(event);
  }

  subscribe(signal: AbortSignal | undefined): AsyncIterableIterator<RuntimeEvent | { readonly type: "overflow" }> {
    return this.#stream.subscribe(signal);
  }
}
