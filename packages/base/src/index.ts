/**
 * What every package of Wherry stands on: time, back-off, work queues, cancellation, logging and the base of errors.
 *
 * @packageDocumentation
 */
export { aborted, abortReason, isAbort, raceAbort, runTogether } from "./abort.ts";
export { Backoff, type BackoffOptions } from "./backoff.ts";
export { type Clock, monotonicMs, systemClock } from "./clock.ts";
export { errorCode, errorMessage, WherryError, type WherryErrorOptions } from "./errors.ts";
export { FakeClock } from "./fake-clock.ts";
export { HandlerSet } from "./handler-set.ts";
export { createLogger, type LogEntry, type LogFields, type Logger, type LogLevel, silentLogger } from "./logger.ts";
export { WorkQueue, type WorkQueueOptions } from "./work-queue.ts";
