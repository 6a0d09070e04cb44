import { ActionError } from "../errors.ts";

/** Beyond this a body is cut, as upstream cuts it. */
const maxBodyBytes = 10 * 1024;
const maxHeadBytes = 16 * 1024;
const maxChunkLineBytes = 1024;
/** Interim answers before the real one. */
const maxInterim = 5;
const empty = Buffer.alloc(0);
/** All fields of a head that matter here. */
const wantedFields = new Set(["location", "content-length", "transfer-encoding"]);

export interface ResponseHead {
  readonly status: number;
  /** `Location`, where there is one. */
  readonly location: string | undefined;
}

type Framing = { readonly kind: "length"; left: number } | { readonly kind: "chunked" } | { readonly kind: "close" };

/**
 * Reads one HTTP/1 response of an untrusted server, as far as a probe needs it: status, `Location`, and up to 10 KiB of the body.
 *
 * `write` and `end` answer whether the response is complete. @throws ActionError of code `Failed` for what is no response
 */
export class HttpResponseParser {
  #pending: Buffer = empty;
  #head: ResponseHead | undefined;
  #framing: Framing = { kind: "close" };
  #chunkLeft = 0;
  #afterChunk = false;
  readonly #body: Buffer[] = [];
  #bodyBytes = 0;
  #interim = 0;
  #done = false;

  get head(): ResponseHead | undefined {
    return this.#head;
  }

  /** What came of the body, as text. */
  get body(): string {
    return this.#body.length === 0 ? "" : Buffer.concat(this.#body).toString("utf8");
  }

  write(bytes: Buffer): boolean {
    if (this.#done) return true;
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    while (this.#head === undefined) if (!this.#readHead()) return false;
    if (!this.#done) this.#readBody();
    return this.#done;
  }

  /** The server closed the connection. */
  end(): void {
    if (this.#done) return;
    if (this.#head === undefined) throw new ActionError("Failed", "EOF");
    if (this.#framing.kind !== "close") throw new ActionError("Failed", "unexpected EOF");
    this.#done = true;
  }

  /** Whether a head was read, be it an interim one; false while more bytes are needed. */
  #readHead(): boolean {
    const end = this.#pending.indexOf("\r\n\r\n");
    if (end === -1 || end > maxHeadBytes) {
      if (this.#pending.length > maxHeadBytes)
        throw malformed(`response headers exceeded ${maxHeadBytes} bytes; aborted`);
      // Whatever is no HTTP must not be waited for.
      const start = this.#pending.toString("latin1", 0, 5);
      if (!"HTTP/".startsWith(start)) throw malformed(`malformed HTTP response ${JSON.stringify(start)}`);
      return false;
    }
    const [statusLine = "", ...lines] = this.#pending.toString("latin1", 0, end).split("\r\n");
    this.#pending = this.#pending.subarray(end + 4);
    const match = /^HTTP\/1\.[01] ([1-9]\d\d)(?: |$)/.exec(statusLine);
    if (match === null) throw malformed(`malformed HTTP response ${JSON.stringify(statusLine.slice(0, 100))}`);
    const status = Number(match[1]);
    if (status < 200) {
      if (status === 101 || ++this.#interim > maxInterim) throw malformed(`unexpected HTTP status ${status}`);
      return true;
    }
    const fields = headerFields(lines);
    this.#head = { status, location: fields.get("location") };
    this.#framing = framingOf(status, fields);
    if (this.#framing.kind === "length" && this.#framing.left === 0) this.#done = true;
    return true;
  }

  #readBody(): void {
    const framing = this.#framing;
    if (framing.kind === "chunked") {
      this.#readChunks();
      return;
    }
    const content = framing.kind === "close" ? this.#pending : this.#pending.subarray(0, framing.left);
    if (framing.kind === "length") framing.left -= content.length;
    this.#pending = empty;
    this.#take(content);
    if (framing.kind === "length" && framing.left === 0) this.#done = true;
  }

  #readChunks(): void {
    while (!this.#done && this.#pending.length > 0) {
      if (this.#chunkLeft > 0) {
        const content = this.#pending.subarray(0, this.#chunkLeft);
        this.#chunkLeft -= content.length;
        this.#pending = this.#pending.subarray(content.length);
        this.#afterChunk = this.#chunkLeft === 0;
        this.#take(content);
        continue;
      }
      const end = this.#pending.indexOf("\r\n");
      if (end === -1 || end > maxChunkLineBytes) {
        if (this.#pending.length > maxChunkLineBytes) throw malformed("chunk line too long");
        return;
      }
      const line = this.#pending.toString("latin1", 0, end);
      this.#pending = this.#pending.subarray(end + 2);
      if (this.#afterChunk && line === "") {
        this.#afterChunk = false;
        continue;
      }
      const size = /^([0-9a-fA-F]{1,8})[ \t]*(?:;.*)?$/.exec(line)?.[1];
      if (size === undefined || this.#afterChunk) throw malformed("malformed chunked encoding");
      this.#chunkLeft = Number.parseInt(size, 16);
      // Trailers are of no use to anyone here.
      if (this.#chunkLeft === 0) this.#done = true;
    }
  }

  #take(content: Buffer): void {
    const kept = content.subarray(0, maxBodyBytes - this.#bodyBytes);
    if (kept.length > 0) this.#body.push(Buffer.from(kept));
    this.#bodyBytes += kept.length;
    if (this.#bodyBytes >= maxBodyBytes) this.#done = true;
  }
}

/** The fields a reader of responses needs, by lower-case name; of repeated ones the first. */
function headerFields(lines: readonly string[]): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon <= 0) throw malformed(`malformed MIME header line ${JSON.stringify(line.slice(0, 100))}`);
    const name = line.slice(0, colon).toLowerCase();
    if (wantedFields.has(name) && !fields.has(name)) fields.set(name, line.slice(colon + 1).trim());
  }
  return fields;
}

function framingOf(status: number, fields: ReadonlyMap<string, string>): Framing {
  if (status === 204 || status === 304) return { kind: "length", left: 0 };
  const encoding = fields.get("transfer-encoding");
  if (encoding !== undefined) {
    if (encoding.toLowerCase() !== "chunked") throw malformed(`unsupported transfer encoding: "${encoding}"`);
    return { kind: "chunked" };
  }
  const length = fields.get("content-length");
  if (length === undefined) return { kind: "close" };
  if (!/^\d{1,15}$/.test(length)) throw malformed(`bad Content-Length ${JSON.stringify(length.slice(0, 100))}`);
  return { kind: "length", left: Number(length) };
}

function malformed(message: string): ActionError {
  return new ActionError("Failed", `net/http: HTTP/1.x transport connection broken: ${message}`);
}
