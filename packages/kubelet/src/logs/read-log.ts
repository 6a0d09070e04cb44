import { type Clock, systemClock } from "@wherry/base";
import { KubeletError } from "../errors.ts";
import type { ContainerLog } from "../ports/log-source.ts";
import { followLog } from "./follow-log.ts";
import { LogLineFilter } from "./log-line-filter.ts";
import { LogLineScanner } from "./log-line-scanner.ts";
import type { LogOptions } from "./log-options.ts";
import { closeSegments, type LogSegment, openLogSegments } from "./log-segments.ts";
import { findTailStart, type TailStart } from "./log-tail.ts";
import { readSegment } from "./read-segment.ts";

export interface ReadLogOptions extends LogOptions {
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock | undefined;
}

/**
 * Reads a container's log, rotated files included, as chunks of what the reader is to see.
 *
 * The first chunk is empty and comes as soon as the log is open, so that the caller can tell a log that cannot be read from one
 * that is silent; rejects with `KubeletError` of code `LogMissing` when there is no file of an ended container.
 *
 * Without `follow` it ends with what was written when it began; with it, after the container has ended and everything was
 * given out. Memory is bounded whatever the log holds, and nothing is read before the last chunk was taken. Rejects with the
 * signal's reason when aborted.
 */
export async function* readLog(
  log: Omit<ContainerLog, "containerId">,
  options: ReadLogOptions = {},
): AsyncGenerator<Buffer> {
  const { signal } = options;
  signal?.throwIfAborted();
  const ready: Buffer[] = [];
  const filter = new LogLineFilter(options, (bytes) => ready.push(bytes));
  const segments = await openLogSegments(log.path);
  try {
    if (segments.length === 0 && !log.isRunning())
      throw new KubeletError("LogMissing", `Cannot read the container's log: there is no file ${log.path}`);
    yield Buffer.alloc(0);
    for await (const _ of readPast(segments, filter, options)) {
      yield* ready.splice(0);
      if (filter.isFull) break;
    }
    filter.flush();
    yield* ready.splice(0);
    if (!options.follow || filter.isFull) return;
    const live = segments.at(-1);
    // From here on the follower owns the file it goes on with.
    if (live !== undefined && !live.isCompressed) segments.pop();
    for await (const _ of followLog(
      log,
      live?.isCompressed ? undefined : live,
      filter,
      signal,
      options.clock ?? systemClock,
    )) {
      yield* ready.splice(0);
      if (filter.isFull) return;
    }
  } finally {
    await closeSegments(segments);
  }
}

/** Pushes what was written until now through `filter`; yields after each chunk. */
async function* readPast(
  segments: readonly LogSegment[],
  filter: LogLineFilter,
  options: ReadLogOptions,
): AsyncGenerator<void> {
  const { signal, tailLines, since } = options;
  if (tailLines === 0) return;
  const start: TailStart =
    tailLines === undefined ? { index: 0, offset: 0, skipEnds: 0 } : await findTailStart(segments, tailLines, signal);
  // A file last written before that time holds nothing of interest; full milliseconds, as the file system may round.
  const sinceMs = since === undefined ? Number.NEGATIVE_INFINITY : since.seconds * 1000 + since.nanoseconds / 1e6 - 1;
  for (const [index, segment] of segments.entries()) {
    if (index < start.index || (segment.modifiedMs < sinceMs && !segment.isCurrent)) continue;
    if (index > start.index) filter.nextFile();
    const offset = index === start.index ? start.offset : 0;
    const skip = index === start.index && start.skipEnds > 0 ? new LogLineScanner() : undefined;
    for await (const chunk of readSegment(segment, { offset, signal })) {
      const from = skip === undefined || skip.ends >= start.skipEnds ? 0 : skip.push(chunk, start.skipEnds);
      filter.push(chunk.subarray(from));
      yield;
    }
  }
}
