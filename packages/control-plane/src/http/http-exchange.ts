import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { TLSSocket } from "node:tls";
import { ApiError } from "../errors.ts";

type HttpRequest = IncomingMessage | Http2ServerRequest;
type HttpResponse = ServerResponse | Http2ServerResponse;

const maxBodyBytes = 3 * 1024 * 1024;

/** One request and its answer, the same for HTTP/1.1 and HTTP/2. */
export class HttpExchange {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Texts that go out as `Warning` headers. */
  readonly warnings: string[] = [];
  readonly #request: HttpRequest;
  readonly #response: HttpResponse;
  #closed: AbortController | undefined;

  constructor(request: HttpRequest, response: HttpResponse) {
    this.#request = request;
    this.#response = response;
    this.method = request.method ?? "GET";
    const url = request.url ?? "/";
    const mark = url.indexOf("?");
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.query = new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1));
  }

  get socket(): TLSSocket {
    return this.#request.socket as TLSSocket;
  }

  /** A header of the request; the first where it was sent more than once. */
  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  /** Aborts when the peer goes away or the answer is complete. */
  get closed(): AbortSignal {
    if (this.#closed === undefined) {
      const controller = new AbortController();
      this.#closed = controller;
      this.#response.once("close", () => controller.abort());
      if (this.#isGone) controller.abort();
    }
    return this.#closed.signal;
  }

  /** The whole body, at most 3 MiB; throws a 413 ApiError beyond that. */
  async readBody(): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    for await (const chunk of this.#request as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBodyBytes) {
        throw new ApiError(413, "RequestEntityTooLarge", `Request entity too large: limit is ${maxBodyBytes}`);
      }
      chunks.push(chunk);
    }
    return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
  }

  /** Whether the peer has left or the answer was broken off. */
  get #isGone(): boolean {
    const response = this.#response;
    return "createPushResponse" in response ? (response.stream?.destroyed ?? true) : response.destroyed;
  }

  get isAnswered(): boolean {
    return this.#response.headersSent;
  }

  /** Sends a complete answer. */
  send(code: number, contentType: string, body: Buffer | string, headers: Readonly<Record<string, string>> = {}): void {
    if (this.#isGone) return;
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    this.#head(code, { "content-type": contentType, "content-length": String(bytes.length), ...headers });
    // HEAD answers and the like carry no body; the compat layers drop it for us.
    this.#response.end(bytes as never);
  }

  /** Starts an answer that goes on; the headers leave at once. */
  startStream(code: number, headers: Readonly<Record<string, string>>): void {
    this.#head(code, headers);
    // HTTP/2 sends them with writeHead() already, HTTP/1.1 with the first part.
    if ("flushHeaders" in this.#response) this.#response.flushHeaders();
  }

  /** Sends a part of a stream; false when the peer does not keep up. */
  write(chunk: Buffer): boolean {
    if (this.#isGone || this.#response.writableEnded) return false;
    return (this.#response.write as (chunk: Buffer) => boolean).call(this.#response, chunk);
  }

  /** Bytes that the peer has not taken yet. */
  get bufferedBytes(): number {
    return this.#response.writableLength;
  }

  /** Resolves when the peer has taken what was written, or is gone. */
  drained(): Promise<void> {
    // Of HTTP/2 the stream is asked: early releases of Node 24 do not know it of the response.
    const writable = "stream" in this.#response ? this.#response.stream : this.#response;
    if (this.#isGone || !writable.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.#response.off("drain", done);
        this.#response.off("close", done);
        resolve();
      };
      this.#response.on("drain", done);
      this.#response.on("close", done);
    });
  }

  /** Ends a stream in good order. */
  end(): void {
    if (!this.#isGone && !this.#response.writableEnded) this.#response.end();
  }

  /** Breaks the answer off, as a lost connection would. */
  abort(): void {
    const response = this.#response;
    // NGHTTP2_INTERNAL_ERROR, which tells the peer that this was no orderly end.
    if ("createPushResponse" in response) response.stream?.close(2);
    else response.destroy();
  }

  #head(code: number, headers: Readonly<Record<string, string>>): void {
    const all: Record<string, string | string[]> = { "cache-control": "no-cache, private", ...headers };
    if (this.warnings.length > 0) all["warning"] = this.warnings.map(warningHeader);
    (this.#response as ServerResponse).writeHead(code, all);
  }
}

function warningHeader(text: string): string {
  const plain = text.replace(/[^\x20-\x7e]/g, " ").slice(0, 1000);
  return `299 - "${plain.replace(/[\\"]/g, "\\$&")}"`;
}
