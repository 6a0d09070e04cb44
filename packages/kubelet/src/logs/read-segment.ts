import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { LogSegment } from "./log-segments.ts";

const chunkBytes = 64 * 1024;

export interface ReadSegmentOptions {
  /** Where to start, in a file that is not compressed. @default 0 */
  readonly offset?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The bytes of one log file as they were when it was opened, decompressed where needed.
 *
 * A chunk is valid until the next one is asked for.
 */
export async function* readSegment(segment: LogSegment, options: ReadSegmentOptions = {}): AsyncGenerator<Buffer> {
  if (segment.isCompressed) yield* readCompressed(segment, options.signal);
  else yield* readPlain(segment, options.offset ?? 0, segment.sizeBytes, options.signal);
}

/** The bytes of a file from `offset` to `end` or to its end, whichever comes first. */
export async function* readPlain(
  segment: LogSegment,
  offset: number,
  end: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  if (offset >= end) return;
  const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, end - offset));
  for (let at = offset; at < end; ) {
    signal?.throwIfAborted();
    const { bytesRead } = await segment.handle.read(buffer, 0, Math.min(buffer.length, end - at), at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function* readCompressed(segment: LogSegment, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  // Not a read stream of the handle: destroying that would close the handle, which is not ours.
  const source = Readable.from(copies(readPlain(segment, 0, segment.sizeBytes, signal)), { objectMode: false });
  const gunzip = createGunzip({ chunkSize: chunkBytes });
  // Errors of either stream surface at the iteration below.
  pipeline(source, gunzip, () => undefined);
  try {
    for await (const chunk of gunzip) yield chunk as Buffer;
  } finally {
    source.destroy();
    gunzip.destroy();
  }
}

async function* copies(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk);
}
