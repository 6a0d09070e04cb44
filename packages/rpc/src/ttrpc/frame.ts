/** Kinds of ttRPC frames. */
export const messageTypes = { request: 1, response: 2, data: 3 } as const;

/** Flags of a ttRPC frame that belongs to a streaming call. */
export const frameFlags = { remoteClosed: 1, remoteOpen: 2, noData: 4 } as const;

/** Size of a frame's header. */
export const headerSizeBytes = 10;

/** Largest data of a frame; the protocol's limit. */
export const maxDataSizeBytes: number = 4 << 20;

export interface FrameHeader {
  /** Data bytes that follow the header. */
  readonly sizeBytes: number;
  /** Odd for streams opened by the client. */
  readonly streamId: number;
  readonly type: number;
  readonly flags: number;
}

/** The ten bytes before a frame's data: length and stream in network order, type, flags. */
export function encodeHeader(header: FrameHeader): Uint8Array {
  const bytes = new Uint8Array(headerSizeBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, header.sizeBytes);
  view.setUint32(4, header.streamId);
  bytes[8] = header.type;
  bytes[9] = header.flags;
  return bytes;
}

export interface FrameReaderHandlers {
  /** A whole frame; `data` belongs to the receiver. */
  frame(header: FrameHeader, data: Uint8Array): void;
  /** A frame above the limit began; its data are thrown away, the connection goes on. */
  oversized(header: FrameHeader): void;
}

/**
 * Cuts a stream of bytes at frame boundaries; holds at most one frame's data (4 MiB).
 */
export class FrameReader {
  readonly #handlers: FrameReaderHandlers;
  readonly #header = new Uint8Array(headerSizeBytes);
  #headerLength = 0;
  #current: FrameHeader | undefined;
  #data: Uint8Array = new Uint8Array(0);
  #received = 0;

  constructor(handlers: FrameReaderHandlers) {
    this.#handlers = handlers;
  }

  /** Takes the next bytes, in pieces of any size. */
  push(chunk: Uint8Array): void {
    let offset = 0;
    while (offset < chunk.length) {
      offset +=
        this.#current === undefined ? this.#pushHeader(chunk, offset) : this.#pushData(this.#current, chunk, offset);
    }
  }

  #pushHeader(chunk: Uint8Array, offset: number): number {
    const part = chunk.subarray(offset, offset + headerSizeBytes - this.#headerLength);
    this.#header.set(part, this.#headerLength);
    this.#headerLength += part.length;
    if (this.#headerLength === headerSizeBytes) this.#beginFrame();
    return part.length;
  }

  #beginFrame(): void {
    const view = new DataView(this.#header.buffer);
    const header = {
      sizeBytes: view.getUint32(0),
      streamId: view.getUint32(4),
      type: view.getUint8(8),
      flags: view.getUint8(9),
    };
    this.#headerLength = 0;
    this.#received = 0;
    if (header.sizeBytes === 0) {
      this.#handlers.frame(header, new Uint8Array(0));
      return;
    }
    this.#current = header;
    if (header.sizeBytes > maxDataSizeBytes) this.#handlers.oversized(header);
    else this.#data = new Uint8Array(header.sizeBytes);
  }

  #pushData(header: FrameHeader, chunk: Uint8Array, offset: number): number {
    const part = chunk.subarray(offset, offset + header.sizeBytes - this.#received);
    const kept = header.sizeBytes <= maxDataSizeBytes;
    if (kept) this.#data.set(part, this.#received);
    this.#received += part.length;
    if (this.#received === header.sizeBytes) {
      const data = this.#data;
      this.#current = undefined;
      this.#data = new Uint8Array(0);
      if (kept) this.#handlers.frame(header, data);
    }
    return part.length;
  }
}
