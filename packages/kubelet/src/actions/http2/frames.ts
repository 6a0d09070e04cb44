import { ActionError } from "../../errors.ts";

/** Types of frames (RFC 9113, section 6). */
export const frameTypes = {
  data: 0,
  headers: 1,
  resetStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  continuation: 9,
} as const;

export const frameFlags = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;

/** Names of error codes, by number. */
export const errorNames: readonly string[] = [
  ...["NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED"],
  ...["FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM"],
  ...["INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"],
];

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

const headBytes = 9;
/** What a peer may send to one that has not asked for more. */
const maxPayloadBytes = 16 * 1024;
/** Of a connection, all frames together: an answer of one message needs a fraction of it. */
const maxConnectionBytes = 128 * 1024;

/** Cuts what comes from a peer into frames, as many and as large as one short answer may have. */
export class FrameReader {
  #pending: Buffer = Buffer.alloc(0);
  #receivedBytes = 0;

  /** The frames that are complete now. @throws ActionError of code `Failed` for what is too much */
  *read(bytes: Buffer): Generator<Frame, void, undefined> {
    this.#receivedBytes += bytes.length;
    if (this.#receivedBytes > maxConnectionBytes)
      throw new ActionError("Failed", `http2: more than ${maxConnectionBytes} bytes received`);
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    while (this.#pending.length >= headBytes) {
      const pending = this.#pending;
      const sizeBytes = pending.readUIntBE(0, 3);
      if (sizeBytes > maxPayloadBytes) throw new ActionError("Failed", "http2: frame too large");
      const end = headBytes + sizeBytes;
      if (pending.length < end) return;
      this.#pending = pending.subarray(end);
      yield {
        type: pending.readUInt8(3),
        flags: pending.readUInt8(4),
        streamId: pending.readUInt32BE(5) & 0x7fff_ffff,
        payload: pending.subarray(headBytes, end),
      };
    }
  }
}

/** The frame as it goes out. */
export function encodeFrame({ type, flags, streamId, payload }: Frame): Buffer {
  const frame = Buffer.allocUnsafe(headBytes + payload.length);
  frame.writeUIntBE(payload.length, 0, 3);
  frame.writeUInt8(type, 3);
  frame.writeUInt8(flags, 4);
  frame.writeUInt32BE(streamId, 5);
  payload.copy(frame, headBytes);
  return frame;
}

/** Content of a `DATA` or `HEADERS` frame, without padding and priority. @throws ActionError of code `Failed` */
export function contentOf({ type, flags, payload }: Frame): Buffer {
  let start = 0;
  let end = payload.length;
  if ((flags & frameFlags.padded) !== 0) {
    start = 1;
    end -= payload[0] ?? 1;
  }
  if (type === frameTypes.headers && (flags & frameFlags.priority) !== 0) start += 5;
  if (start > end) throw new ActionError("Failed", "http2: padding larger than the frame");
  return payload.subarray(start, end);
}
