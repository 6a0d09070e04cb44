import type { Clock } from "@wherry/base";
import type { ContainerLog } from "../ports/log-source.ts";
import type { LogLineFilter } from "./log-line-filter.ts";
import { closeSegments, fileIdentity, type LogSegment, listRotatedLogs, openSegment } from "./log-segments.ts";
import { LogWatcher } from "./log-watcher.ts";
import { readPlain, readSegment } from "./read-segment.ts";

const beginningBytes = 256;

/**
 * Pushes what is written after `live` was read to its `sizeBytes` through `filter`, until the container ends; yields whenever
 * there may be output.
 *
 * Follows rotations: a renamed file is read to its end, then the one opened after it. Takes over `live`; undefined starts with
 * the next file that appears.
 */
export async function* followLog(
  log: Omit<ContainerLog, "containerId">,
  live: LogSegment | undefined,
  filter: LogLineFilter,
  signal: AbortSignal | undefined,
  clock: Clock,
): AsyncGenerator<void> {
  const stop = new AbortController();
  const combined = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const watcher = new LogWatcher(log.path, clock);
  let ended = !log.isRunning();
  log
    .ended(combined)
    .then(() => {
      ended = true;
    })
    // A source that cannot tell any more: isRunning() is asked at each look.
    .catch(() => undefined)
    .finally(() => watcher.notify());
  const follower = new LogFollower(log.path, live, filter);
  try {
    for (;;) {
      // Taken before reading: all output of an ended container is in the file.
      const last = ended || !log.isRunning();
      yield* follower.catchUp(combined);
      filter.flush();
      yield;
      if (last) return;
      await watcher.wait(combined);
    }
  } finally {
    stop.abort();
    watcher.close();
    await follower.close();
  }
}

/** Reads on in the file being written, and moves to its successors. */
class LogFollower {
  readonly #path: string;
  readonly #filter: LogLineFilter;
  #live: LogSegment | undefined;
  #offset: number;

  constructor(path: string, live: LogSegment | undefined, filter: LogLineFilter) {
    this.#path = path;
    this.#live = live;
    this.#filter = filter;
    this.#offset = live?.sizeBytes ?? 0;
  }

  /** Pushes everything written up to now. */
  async *catchUp(signal: AbortSignal): AsyncGenerator<void> {
    yield* this.#drain(signal);
    const successors = await this.#successors();
    try {
      for (let next = successors.shift(); next !== undefined; next = successors.shift()) {
        // The writer may have put its last lines into the old file after we had read it.
        yield* this.#drain(signal);
        await this.close();
        this.#filter.nextFile();
        this.#live = next;
        this.#offset = 0;
        yield* this.#drain(signal);
      }
    } finally {
      await closeSegments(successors);
    }
  }

  async close(): Promise<void> {
    await this.#live?.[Symbol.asyncDispose]();
    this.#live = undefined;
  }

  async *#drain(signal: AbortSignal): AsyncGenerator<void> {
    if (this.#live === undefined || this.#filter.isFull) return;
    // Nothing is added to a compressed file, so once is enough.
    if (this.#live.isCompressed && this.#offset > 0) return;
    const chunks = this.#live.isCompressed
      ? readSegment(this.#live, { signal })
      : readPlain(this.#live, this.#offset, Number.MAX_SAFE_INTEGER, signal);
    for await (const chunk of chunks) {
      this.#offset += chunk.length;
      this.#filter.push(chunk);
      yield;
      if (this.#filter.isFull) return;
    }
  }

  /** The files that came after the one being read, oldest first, the current one last; none while the writer may still use ours. */
  async #successors(): Promise<LogSegment[]> {
    for (;;) {
      const current = await openSegment(this.#path, false, true);
      if (current === undefined) return [];
      if (current.identity === this.#live?.identity) {
        await current[Symbol.asyncDispose]();
        // Cut in place, as some log rotators do: what it holds now is new.
        if (current.sizeBytes < this.#offset) {
          this.#filter.nextFile();
          this.#offset = 0;
        }
        return [];
      }
      const younger = [...(await this.#younger(current)), current];
      if ((await fileIdentity(this.#path)) === current.identity) {
        // A new file that is empty: the writer has opened it, but may be about to end a line in the old one.
        if (younger.length > 1 || current.sizeBytes > 0 || this.#live === undefined) return younger;
        await closeSegments(younger);
        return [];
      }
      // Rotated again while we looked.
      await closeSegments(younger);
    }
  }

  /** Rotated files younger than the one being read: rotation was faster than this reader. */
  async #younger(current: LogSegment): Promise<LogSegment[]> {
    if (this.#live === undefined) return [];
    const found: LogSegment[] = [];
    for (const { path, isCompressed } of (await listRotatedLogs(this.#path)).reverse()) {
      const rotated = await openSegment(path, isCompressed, false);
      if (rotated === undefined) {
        // Compressed or removed since it was listed.
        await closeSegments(found);
        return this.#younger(current);
      }
      if (rotated.identity === this.#live.identity || (isCompressed && (await sameBeginning(rotated, this.#live)))) {
        await rotated[Symbol.asyncDispose]();
        return found.reverse();
      }
      // In the middle of a rotation the current file has two names.
      if (rotated.identity === current.identity) await rotated[Symbol.asyncDispose]();
      else found.push(rotated);
    }
    // Ours is so old that it was removed: all that is there is younger.
    return found.reverse();
  }
}

/** Whether `compressed` is `plain` after compression; lines begin with a time in nanoseconds, so the first ones tell. */
async function sameBeginning(compressed: LogSegment, plain: LogSegment): Promise<boolean> {
  const [a, b] = await Promise.all([
    beginning(readSegment(compressed)),
    beginning(readPlain(plain, 0, beginningBytes, undefined)),
  ]);
  return a.length > 0 && a.equals(b);
}

async function beginning(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  for await (const chunk of chunks) return Buffer.from(chunk.subarray(0, beginningBytes));
  return Buffer.alloc(0);
}
