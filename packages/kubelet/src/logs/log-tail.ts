import type { FileHandle } from "node:fs/promises";
import { maxLogHeaderBytes, readLogLineHeader } from "./log-line-header.ts";
import { LogLineScanner } from "./log-line-scanner.ts";
import type { LogSegment } from "./log-segments.ts";
import { readSegment } from "./read-segment.ts";

const newline = 0x0a;
const blockBytes = 64 * 1024;

/** Where to begin so that the last lines of a log come out. */
export interface TailStart {
  /** Index of the first segment to read. */
  readonly index: number;
  /** Where in it, for a file that is not compressed. */
  readonly offset: number;
  /** Ends of lines to pass over first, for a compressed file. */
  readonly skipEnds: number;
}

/**
 * Finds where the last `lines` lines of the log begin; a line in parts counts once, and one still being written counts too.
 *
 * Reads plain files from their end in blocks, only as far as needed; compressed ones have to be read whole.
 */
export async function findTailStart(
  segments: readonly LogSegment[],
  lines: number,
  signal?: AbortSignal | undefined,
): Promise<TailStart> {
  // One more end than lines: the wanted text starts right behind it.
  const search: Search = { left: lines + 1, atLastLine: true };
  for (let index = segments.length - 1; index >= 0; index--) {
    const segment = segments[index];
    if (segment === undefined) break;
    if (segment.isCompressed) {
      const ends = await countEnds(segment, search, signal);
      if (ends >= search.left) return { index, offset: 0, skipEnds: ends - search.left + 1 };
      search.left -= ends;
    } else {
      const offset = await searchBackwards(segment, search, signal);
      if (offset !== undefined) return { index, offset, skipEnds: 0 };
    }
  }
  return { index: 0, offset: 0, skipEnds: 0 };
}

interface Search {
  /** Ends of lines still to be met. */
  left: number;
  /** Until the log's last line was met, which counts as ended even where it is only a part. */
  atLastLine: boolean;
}

/** Offset behind the end searched for last, or undefined when the file has fewer. */
async function searchBackwards(
  { handle, sizeBytes }: LogSegment,
  search: Search,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const buffer = Buffer.allocUnsafe(Math.min(sizeBytes, blockBytes + maxLogHeaderBytes + 1));
  // Start of the line behind the one being looked at.
  let next = sizeBytes;
  for (let end = sizeBytes, begin = 0; end > 0; end = begin) {
    signal?.throwIfAborted();
    begin = Math.max(0, end - blockBytes);
    // With the whole header of a line that starts at the block's end.
    const block = await readRange(handle, buffer, begin, Math.min(sizeBytes, end + maxLogHeaderBytes + 1));
    for (let at = block.lastIndexOf(newline, end - begin - 1); at !== -1 || begin === 0; ) {
      const start = at + 1;
      if (begin + start < next) {
        if (isEnd(block, start, search) && --search.left === 0) return next;
        next = begin + start;
      }
      if (at === -1) break;
      at = at === 0 ? -1 : block.lastIndexOf(newline, at - 1);
    }
  }
  return undefined;
}

function isEnd(block: Buffer, start: number, search: Search): boolean {
  const lineEnd = block.indexOf(newline, start);
  const header = readLogLineHeader(block, start, lineEnd === -1 ? block.length : lineEnd + 1);
  if (typeof header === "string") return false;
  const counts = !header.partial || search.atLastLine;
  search.atLastLine = false;
  return counts;
}

async function countEnds(segment: LogSegment, search: Search, signal: AbortSignal | undefined): Promise<number> {
  const scanner = new LogLineScanner();
  for await (const chunk of readSegment(segment, { signal })) scanner.push(chunk);
  scanner.finish();
  const unfinished = search.atLastLine && scanner.lastWasPart;
  if (scanner.anyLine) search.atLastLine = false;
  return scanner.ends + (unfinished ? 1 : 0);
}

async function readRange(handle: FileHandle, buffer: Buffer, from: number, to: number): Promise<Buffer> {
  let length = 0;
  while (from + length < to) {
    const { bytesRead } = await handle.read(buffer, length, to - from - length, from + length);
    // The file was cut since it was opened.
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}
