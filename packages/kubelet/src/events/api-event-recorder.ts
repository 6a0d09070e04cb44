import { Backoff, type Clock, errorMessage, type Logger, raceAbort } from "@wherry/base";
import { isAlreadyExists, isApiError, isNotFound } from "@wherry/client";
import type { Event } from "@wherry/kubernetes";
import type { EventContent, EventRecorder, EventSubject } from "../ports/event-recorder.ts";
import { buildEvent } from "./build-event.ts";
import { type CorrelatedEvent, EventCorrelator } from "./event-correlator.ts";
import type { EventSink } from "./event-sink.ts";
import { TokenBucket } from "./token-bucket.ts";

const maxQueued = 1_000;
const maxTries = 12;
const flushMs = 5_000;

export interface ApiEventRecorderOptions {
  readonly sink: EventSink;
  /** Node name, as `source.host`. */
  readonly host: string;
  /** `eventRecordQPS`; 0 for no limit. */
  readonly perSecond: number;
  /** `eventBurst`. */
  readonly burst: number;
  /** Pause before what nobody waits for is written, so that the start of a pod goes before the report of it. @default 0 */
  readonly delayMs?: number | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Writes events to the API server in the background, correlated and rate-limited.
 *
 * While the API server does not answer, up to 1,000 occurrences wait and each is tried 12 times; what has no room is dropped
 * and counted in the log.
 */
export class ApiEventRecorder implements EventRecorder {
  readonly #options: ApiEventRecorderOptions;
  readonly #correlator: EventCorrelator = new EventCorrelator();
  readonly #budget: TokenBucket | undefined;
  readonly #queue: Event[] = [];
  #serial: bigint;
  #dropped = 0;
  #wake: (() => void) | undefined;

  constructor(options: ApiEventRecorderOptions) {
    this.#options = options;
    const { perSecond, burst, clock } = options;
    this.#budget = perSecond > 0 ? new TokenBucket(perSecond, Math.max(1, burst), clock.monotonic()) : undefined;
    // Nanoseconds since the epoch as upstream, counted on, so that no two are the same.
    this.#serial = BigInt(Math.floor(clock.now() * 1e3)) * 1000n;
  }

  event(subject: EventSubject, content: EventContent): void {
    const { clock, host, logger } = this.#options;
    const { kind } = subject;
    const name = (kind === "Pod" ? subject.pod : subject.node).metadata?.name;
    logger.debug("Event", { kind, name, type: content.type, reason: content.reason, message: content.message });
    if (this.#queue.length >= maxQueued) {
      this.#dropped++;
      return;
    }
    this.#queue.push(buildEvent(subject, content, { host, nowMs: clock.now(), serial: ++this.#serial }));
    this.#wake?.();
  }

  /** Writes until `signal` aborts, then what is still waiting for up to 5 s. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    const deadline = new AbortController();
    let cancel: (() => void) | undefined;
    const flush = () => {
      cancel = clock.setTimer(flushMs, () => deadline.abort(new Error("the time to flush events is over")));
      this.#wake?.();
    };
    if (signal.aborted) flush();
    else signal.addEventListener("abort", flush, { once: true });
    try {
      while (!deadline.signal.aborted) {
        const event = this.#queue.shift();
        if (event !== undefined) await this.#record(event, deadline.signal);
        else if (signal.aborted) break;
        else {
          await this.#more();
          await clock.sleep(this.#options.delayMs ?? 0, signal).catch(() => undefined);
        }
        this.#reportDrops();
      }
    } finally {
      cancel?.();
      signal.removeEventListener("abort", flush);
      if (this.#queue.length > 0) logger.warn("Events were not written before the end", { count: this.#queue.length });
      this.#queue.length = 0;
    }
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
    });
  }

  #reportDrops(): void {
    if (this.#dropped === 0) return;
    this.#options.logger.warn("Dropped events because too many were waiting", { count: this.#dropped });
    this.#dropped = 0;
  }

  /** Writes one occurrence, or drops it; never rejects. */
  async #record(occurrence: Event, signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    const correlated = this.#correlator.correlate(occurrence, clock.monotonic());
    if (correlated.kind === "spam") return;
    const backoff = new Backoff({ initialMs: 500, maxMs: 10_000 });
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#pace(signal);
        return await raceAbort(this.#write(correlated, signal), signal);
      } catch (error) {
        if (signal.aborted) return;
        const hopeless = isApiError(error) && !error.retryable;
        if (hopeless || attempt >= maxTries) {
          logger.warn("Cannot write an event", { reason: occurrence.reason, attempt, error: errorMessage(error) });
          return;
        }
        await clock.sleep(backoff.next(), signal).catch(() => undefined);
      }
    }
  }

  async #write(correlated: Exclude<CorrelatedEvent, { kind: "spam" }>, signal: AbortSignal): Promise<void> {
    const { sink } = this.#options;
    const { event } = correlated;
    if (correlated.kind === "repeat") {
      const { namespace = "default", name = "" } = event.metadata;
      try {
        await sink.patch(namespace, name, correlated.patch, signal);
        return;
      } catch (error) {
        // Events live for an hour only, and the first occurrences may never have been written; the count goes on, as upstream's.
        if (!isNotFound(error)) throw error;
      }
    }
    try {
      await sink.create(event, signal);
    } catch (error) {
      // The answer to an earlier try was lost.
      if (!isAlreadyExists(error)) throw error;
    }
  }

  async #pace(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const waitMs = this.#budget?.reserve(clock.monotonic()) ?? 0;
    if (waitMs > 0) await clock.sleep(waitMs, signal);
  }
}
