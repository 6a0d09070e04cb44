import { readFileSync } from "node:fs";
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";

export interface Answer {
  readonly code: number;
  readonly headers: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every kind
  readonly body: any;
}

export interface WatchEvent {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into objects of every kind
  readonly object: any;
}

/** A bare HTTP/2 client for tests: no retries, no caches, no types. */
export class ApiClient implements AsyncDisposable {
  readonly #session: ClientHttp2Session;
  readonly #token: string;

  constructor(kubeconfigPath: string, token?: string) {
    const config = JSON.parse(readFileSync(kubeconfigPath, "utf8"));
    const { cluster } = config.clusters[0];
    this.#token = token ?? config.users[0].user.token;
    this.#session = connect(cluster.server, { ca: Buffer.from(cluster["certificate-authority-data"], "base64") });
    this.#session.on("error", () => undefined);
  }

  async request(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const stream = this.#open(method, path, headers, body);
    const [head, text] = await Promise.all([headersOf(stream), textOf(stream)]);
    const isJson = (head["content-type"] ?? "").startsWith("application/json");
    return { code: Number(head[":status"]), headers: head, body: isJson ? JSON.parse(text) : text };
  }

  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer> {
    return this.request("GET", path, undefined, headers);
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.request("POST", path, body);
  }

  put(path: string, body: unknown): Promise<Answer> {
    return this.request("PUT", path, body);
  }

  delete(path: string, body?: unknown): Promise<Answer> {
    return this.request("DELETE", path, body);
  }

  patch(path: string, body: unknown, kind: "json" | "merge" | "strategic-merge" = "merge"): Promise<Answer> {
    return this.request("PATCH", path, body, { "content-type": `application/${kind}-patch+json` });
  }

  apply(path: string, body: unknown): Promise<Answer> {
    return this.request("PATCH", path, body, { "content-type": "application/apply-patch+yaml" });
  }

  /** Opens a watch; events are taken one by one with next(). */
  async watch(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Watch> {
    const separator = path.includes("?") ? "&" : "?";
    const stream = this.#open("GET", `${path}${separator}watch=true`, headers);
    const head = await headersOf(stream);
    return new Watch(stream, Number(head[":status"]));
  }

  #open(method: string, path: string, headers: Readonly<Record<string, string>>, body?: unknown): ClientHttp2Stream {
    const stream = this.#session.request(
      {
        ":method": method,
        ":path": path,
        accept: "application/json",
        authorization: `Bearer ${this.#token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      // Without this, a DELETE would have no body.
      { endStream: body === undefined },
    );
    stream.on("error", () => undefined);
    if (body !== undefined) stream.end(typeof body === "string" ? body : JSON.stringify(body));
    return stream;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#session.destroy();
  }
}

function headersOf(stream: ClientHttp2Stream): Promise<Record<string, string>> {
  return new Promise((resolve, reject) => {
    stream.once("response", (headers) => resolve(headers as unknown as Record<string, string>));
    stream.once("close", () => reject(new Error("stream closed before an answer")));
  });
}

async function textOf(stream: ClientHttp2Stream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/** A watch under way. */
export class Watch implements Disposable {
  readonly code: number;
  readonly #stream: ClientHttp2Stream;
  readonly #queue: WatchEvent[] = [];
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(stream: ClientHttp2Stream, code: number) {
    this.code = code;
    this.#stream = stream;
    let rest = "";
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#queue.push(JSON.parse(line));
      this.#wake?.();
    });
    stream.on("close", () => {
      this.#ended = true;
      this.#wake?.();
    });
  }

  /** The next event; undefined when the watch has ended. */
  async next(): Promise<WatchEvent | undefined> {
    while (this.#queue.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#queue.shift();
  }

  /** The next event that `matches`, dropping those before it. */
  async find(matches: (event: WatchEvent) => boolean): Promise<WatchEvent> {
    for (;;) {
      const event = await this.next();
      if (event === undefined) throw new Error("the watch ended before the event came");
      if (matches(event)) return event;
    }
  }

  [Symbol.dispose](): void {
    this.#stream.close();
  }
}
