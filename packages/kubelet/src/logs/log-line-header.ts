const newline = 0x0a;
const space = 0x20;
const letterE = 0x65;
const letterO = 0x6f;
const letterP = 0x50;
const colon = 0x3a;

/** Longest header (time, stream, tags and the spaces) that is understood; what writers produce is well below. */
export const maxLogHeaderBytes = 256;

/** Where the parts of one line in the CRI log format lie, as offsets into the buffer that holds it. */
export interface LogLineHeader {
  /** Behind the last byte of the time. */
  readonly timeEnd: number;
  readonly stream: "stdout" | "stderr";
  /** Whether the line is a part, to be continued by the next one. */
  readonly partial: boolean;
  /** Where the text starts. */
  readonly text: number;
}

/**
 * Reads the header of the line that starts at `from`: `TIME STREAM TAGS TEXT`, as CRI runtimes write it.
 *
 * Answers `incomplete` while `to` comes before the header's end, `invalid` for a line that is not in the format. `to` must not lie
 * behind the line's newline; a newline right after the tags means an empty text.
 */
export function readLogLineHeader(bytes: Buffer, from: number, to: number): LogLineHeader | "incomplete" | "invalid" {
  const limit = Math.min(to, from + maxLogHeaderBytes);
  const cut = limit < to ? "invalid" : "incomplete";
  let at = from;
  while (at < limit && bytes[at] !== space) at++;
  const timeEnd = at;
  // "stdout " or "stderr ", at least one tag letter, a space.
  const streamEnd = timeEnd + 7;
  if (streamEnd >= limit) return cut;
  const letter = bytes[timeEnd + 4];
  if (bytes[streamEnd] !== space || (letter !== letterO && letter !== letterE)) return "invalid";
  const stream = letter === letterO ? "stdout" : "stderr";
  if (bytes.toString("latin1", timeEnd + 1, streamEnd) !== stream || timeEnd === from) return "invalid";
  at = streamEnd + 1;
  let partial = false;
  for (let first = true; at < limit && bytes[at] !== space && bytes[at] !== newline; at++) {
    if (first && bytes[at] === letterP) partial = true;
    first = bytes[at] === colon;
  }
  if (at >= limit) return cut;
  return { timeEnd, stream, partial, text: bytes[at] === newline ? at : at + 1 };
}
