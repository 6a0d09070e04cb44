import { StreamFailure } from "../../errors.ts";
import { contentOf, encodeFrame, errorNames, type Frame, FrameReader, frameFlags, frameTypes } from "./frames.ts";
import { HpackDecoder } from "./hpack-decoder.ts";

export interface UnaryResponseOptions {
  readonly maxBodyBytes: number;
  /** Sends bytes to the server. */
  readonly reply: (bytes: Buffer) => void;
}

/** The one stream of the connection. */
const streamId = 1;
const maxBlockBytes = 16 * 1024;
const maxPings = 10;
const none = Buffer.alloc(0);

/**
 * Reads what an untrusted HTTP/2 server says on a connection with one request, as far as a call with one answer needs it: status, header
 * fields, trailers, and a body of a bounded size.
 *
 * `write` answers whether the response is complete. @throws ActionError, of class `StreamFailure` where the server broke the call off
 */
export class UnaryResponse {
  readonly #options: UnaryResponseOptions;
  readonly #frames: FrameReader = new FrameReader();
  readonly #hpack: HpackDecoder = new HpackDecoder();
  readonly #fields: Map<string, string> = new Map();
  #isReady = false;
  #status: number | undefined;
  #body: Buffer = none;
  /** Of a block that goes on in the next frame. */
  #block: { readonly parts: Buffer[]; sizeBytes: number; readonly endsStream: boolean } | undefined;
  #pings = 0;
  #done = false;

  constructor(options: UnaryResponseOptions) {
    this.#options = options;
  }

  /** Whether the server has shown that it speaks HTTP/2. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** HTTP's; undefined before the headers came. */
  get status(): number | undefined {
    return this.#status;
  }

  /** Header and trailer fields by name; of repeated ones the last. */
  get fields(): ReadonlyMap<string, string> {
    return this.#fields;
  }

  get body(): Buffer {
    return this.#body;
  }

  write(bytes: Buffer): boolean {
    for (const frame of this.#frames.read(bytes)) {
      this.#take(frame);
      if (this.#done) break;
    }
    return this.#done;
  }

  #take(frame: Frame): void {
    const { type, payload } = frame;
    if (!this.#isReady && type !== frameTypes.settings) throw broken("the first frame is no SETTINGS frame");
    if (this.#block !== undefined && type !== frameTypes.continuation) throw broken("a header block is not continued");
    if (type === frameTypes.settings) this.#takeSettings(frame);
    else if (type === frameTypes.ping) this.#takePing(frame);
    else if (type === frameTypes.headers) this.#takeHeaders(frame);
    else if (type === frameTypes.continuation) this.#continueHeaders(frame);
    else if (type === frameTypes.data) this.#takeData(frame);
    else if (type === frameTypes.pushPromise) throw broken("a push that was forbidden");
    else if (type === frameTypes.resetStream && frame.streamId === streamId) throw reset(numberAt(payload, 0));
    else if (type === frameTypes.goAway && numberAt(payload, 0) < streamId)
      throw new StreamFailure("Unavailable", `received goaway with error code: ${errorName(numberAt(payload, 4))}`);
  }

  #takeSettings({ flags, streamId: stream, payload }: Frame): void {
    if (stream !== 0 || payload.length % 6 !== 0) throw broken("a malformed SETTINGS frame");
    if ((flags & frameFlags.ack) !== 0) return;
    // None of them matters to a request that is out already.
    this.#isReady = true;
    this.#acknowledge(frameTypes.settings, none);
  }

  #takePing({ flags, payload }: Frame): void {
    if (payload.length !== 8) throw broken("a malformed PING frame");
    if ((flags & frameFlags.ack) !== 0) return;
    if (++this.#pings > maxPings) throw broken("too many PING frames");
    this.#acknowledge(frameTypes.ping, payload);
  }

  #acknowledge(type: number, payload: Buffer): void {
    this.#options.reply(encodeFrame({ type, flags: frameFlags.ack, streamId: 0, payload }));
  }

  #takeHeaders(frame: Frame): void {
    if (frame.streamId !== streamId) throw broken("headers of an unknown stream");
    this.#block = { parts: [], sizeBytes: 0, endsStream: (frame.flags & frameFlags.endStream) !== 0 };
    this.#addToBlock(contentOf(frame), frame.flags);
  }

  #continueHeaders({ streamId: stream, flags, payload }: Frame): void {
    if (this.#block === undefined || stream !== streamId) throw broken("a continuation of no header block");
    this.#addToBlock(payload, flags);
  }

  #addToBlock(part: Buffer, flags: number): void {
    const block = this.#block;
    if (block === undefined) return;
    block.parts.push(part);
    // An empty part would cost nothing otherwise, however many come.
    block.sizeBytes += part.length + 1;
    if (block.sizeBytes > maxBlockBytes) throw broken(`a header block of more than ${maxBlockBytes} bytes`);
    if ((flags & frameFlags.endHeaders) === 0) return;
    this.#block = undefined;
    this.#takeFields(Buffer.concat(block.parts), block.endsStream);
  }

  #takeFields(block: Buffer, endsStream: boolean): void {
    const fields = this.#hpack.decode(block);
    const isTrailer = this.#status !== undefined;
    if (isTrailer && !endsStream) throw broken("headers amid the body");
    if (!isTrailer) {
      const status = Number(fields.find(([name]) => name === ":status")?.[1]);
      if (!Number.isInteger(status)) throw broken("headers without a status");
      if (status < 200) {
        if (endsStream) throw broken("an interim response that is the last");
        return;
      }
      this.#status = status;
    }
    for (const [name, value] of fields) this.#fields.set(name, value);
    this.#done = endsStream;
  }

  #takeData(frame: Frame): void {
    if (frame.streamId !== streamId || this.#status === undefined) throw broken("data without headers");
    const content = contentOf(frame);
    const { maxBodyBytes } = this.#options;
    if (this.#body.length + content.length > maxBodyBytes)
      throw new StreamFailure("ResourceExhausted", `received message larger than max (${maxBodyBytes})`);
    this.#body = this.#body.length === 0 ? content : Buffer.concat([this.#body, content]);
    this.#done = (frame.flags & frameFlags.endStream) !== 0;
  }
}

function broken(what: string): StreamFailure {
  return new StreamFailure("Unavailable", `connection error: PROTOCOL_ERROR: ${what}`);
}

/** As grpc-go turns HTTP/2's codes into gRPC's. */
const resetCodes: Readonly<Record<string, string>> = {
  REFUSED_STREAM: "Unavailable",
  CANCEL: "Canceled",
  ENHANCE_YOUR_CALM: "ResourceExhausted",
  INADEQUATE_SECURITY: "PermissionDenied",
};

function reset(code: number): StreamFailure {
  const name = errorName(code);
  return new StreamFailure(resetCodes[name] ?? "Internal", `stream terminated by RST_STREAM with error code: ${name}`);
}

function errorName(code: number): string {
  return errorNames[code] ?? `unknown (${code})`;
}

function numberAt(payload: Buffer, offset: number): number {
  if (payload.length < offset + 4) throw broken("a frame that is too short");
  return payload.readUInt32BE(offset);
}
