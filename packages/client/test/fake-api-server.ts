import { Readable } from "node:stream";

import type { ConfigMap } from "@wherry/kubernetes";

import {
  type ClientOptions,
  createClient,
  type KubernetesClient,
  type Transport,
  TransportError,
  type TransportRequest,
  type TransportResponse,
} from "../src/index.ts";

interface Entry {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly version: number;
  readonly object: ConfigMap;
}

interface Watcher {
  readonly body: Readable;
  broken: boolean;
}

export type Failure =
  | Error
  | { readonly status: number; readonly body?: unknown; readonly headers?: Record<string, string> };

/** The API server's side of lists and watches of config maps in one namespace, in memory, with faults on request. */
export class FakeApiServer implements Transport {
  readonly objects: Map<string, ConfigMap> = new Map();
  readonly requests: TransportRequest[] = [];
  readonly watchers: Set<Watcher> = new Set();
  /** Answers for the next requests. */
  readonly failures: Failure[] = [];
  watchListMode: "supported" | "invalid" | "ignored" = "supported";
  /** Which lists are cut into pages: none, as by servers that do not page, or not those from the cache, as by older ones. */
  paging: "always" | "not of 0" | "never" = "always";
  /** Where to cut what watchers are sent; whole lines by default. */
  chunkBytes: () => number = () => Number.POSITIVE_INFINITY;
  version = 1;
  #history: Entry[] = [];
  #compacted = 0;
  #uids = 0;
  #identities: unknown[] = [];

  /** A client of this server. */
  client(options: ClientOptions = {}): KubernetesClient {
    return createClient({ server: "https://fake" }, { qps: 0, ...options, createTransport: () => this });
  }

  get identities(): readonly unknown[] {
    return this.#identities;
  }

  useIdentity(identity: unknown): void {
    this.#identities.push(identity);
  }

  close(): Promise<void> {
    this.disconnect("reset");
    return Promise.resolve();
  }

  put(name: string, data: Record<string, string> = {}): ConfigMap {
    const before = this.objects.get(name);
    const object: ConfigMap = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        name,
        namespace: "default",
        uid: before?.metadata?.uid ?? `uid-${++this.#uids}`,
        resourceVersion: String(++this.version),
        managedFields: [{ manager: "test" }],
      },
      data,
    };
    this.objects.set(name, object);
    this.#record({ type: before === undefined ? "ADDED" : "MODIFIED", version: this.version, object });
    return object;
  }

  delete(name: string): void {
    const before = this.objects.get(name);
    if (before === undefined) return;
    this.objects.delete(name);
    const object = { ...before, metadata: { ...before.metadata, resourceVersion: String(++this.version) } };
    this.#record({ type: "DELETED", version: this.version, object });
  }

  /** Ends all watches: as the server does in time, or by losing the connection. */
  disconnect(how: "end" | "reset"): void {
    for (const watcher of this.watchers) {
      watcher.broken = how === "reset";
      if (how === "end") watcher.body.push(null);
      else watcher.body.destroy(new Error("socket hang up"));
    }
    this.watchers.clear();
  }

  /** Forgets the past: resuming before now fails with 410. */
  compact(): void {
    this.#history = [];
    this.#compacted = this.version;
  }

  /** Tells watchers that they fell behind, as an error event. */
  expireWatchers(): void {
    this.#broadcast("ERROR", status(410, "Expired", "too old resource version"));
    this.disconnect("end");
  }

  bookmark(): void {
    this.#broadcast("BOOKMARK", { kind: "ConfigMap", metadata: { resourceVersion: String(this.version) } });
  }

  /** Sends the last event once more. */
  repeatLast(): void {
    const last = this.#history.at(-1);
    if (last !== undefined) this.#broadcast(last.type, last.object);
  }

  request(request: TransportRequest): Promise<TransportResponse> {
    this.requests.push(request);
    request.signal?.throwIfAborted();
    const failure = this.failures.shift();
    if (failure instanceof Error) return Promise.reject(failure);
    if (failure !== undefined)
      return Promise.resolve(answer(failure.status, failure.body ?? status(failure.status), failure.headers));
    const url = new URL(request.path, "https://fake");
    if (request.method !== "GET" || url.pathname !== "/api/v1/namespaces/default/configmaps")
      return Promise.resolve(answer(404, status(404)));
    return Promise.resolve(
      url.searchParams.get("watch") === "true" ? this.#watch(request, url.searchParams) : this.#list(url.searchParams),
    );
  }

  #list(query: URLSearchParams): TransportResponse {
    const names = [...this.objects.keys()].sort();
    const token = query.get("continue");
    let version = this.version;
    let start = 0;
    if (token !== null) {
      const [at, after] = token.split("/") as [string, string];
      version = Number(at);
      // Pages are cut from the present; a past version that is not served any more is what clients must cope with.
      if (version !== this.version) return answer(410, status(410, "Expired", "continue token expired"));
      start = names.findIndex((name) => name > after);
      if (start === -1) start = names.length;
    } else if (Number(query.get("resourceVersion") ?? "0") > this.version) return answer(504, tooLarge());
    const isPaged = this.paging === "always" || (this.paging === "not of 0" && query.get("resourceVersion") !== "0");
    const limit = isPaged ? Number(query.get("limit") ?? names.length) : names.length;
    const page = names.slice(start, start + limit);
    const more = start + limit < names.length;
    return answer(200, {
      kind: "ConfigMapList",
      apiVersion: "v1",
      metadata: { resourceVersion: String(version), ...(more ? { continue: `${version}/${page.at(-1)}` } : {}) },
      items: page.map((name) => ({ ...this.objects.get(name), apiVersion: undefined, kind: undefined })),
    });
  }

  #watch(request: TransportRequest, query: URLSearchParams): TransportResponse {
    const initial = query.get("sendInitialEvents") === "true";
    if (initial && this.watchListMode === "invalid")
      return answer(422, status(422, "Invalid", "sendInitialEvents is forbidden for watch"));
    const from = Number(query.get("resourceVersion") ?? "0");
    if (from > this.version) return answer(504, tooLarge());
    if (!initial && from !== 0 && from < this.#compacted) return answer(410, status(410, "Expired", "too old"));
    const body = new Readable({ read: () => undefined });
    body.on("error", () => undefined);
    const watcher: Watcher = { body, broken: false };
    this.watchers.add(watcher);
    body.once("close", () => this.watchers.delete(watcher));
    request.signal?.addEventListener("abort", () => body.destroy(request.signal?.reason as Error), { once: true });
    if (initial || from === 0) {
      for (const object of this.objects.values()) this.#send(watcher, "ADDED", object);
      if (this.watchListMode === "supported" && initial) this.#endInitial(watcher);
    } else for (const entry of this.#history) if (entry.version > from) this.#send(watcher, entry.type, entry.object);
    return { status: 200, headers: {}, body, complete: () => !watcher.broken, cancel: () => void body.destroy() };
  }

  #endInitial(watcher: Watcher): void {
    this.#send(watcher, "BOOKMARK", {
      kind: "ConfigMap",
      metadata: { resourceVersion: String(this.version), annotations: { "k8s.io/initial-events-end": "true" } },
    });
  }

  #record(entry: Entry): void {
    this.#history.push(entry);
    this.#broadcast(entry.type, entry.object);
  }

  #broadcast(type: string, object: unknown): void {
    for (const watcher of this.watchers) this.#send(watcher, type, object);
  }

  #send(watcher: Watcher, type: string, object: unknown): void {
    const line = Buffer.from(`${JSON.stringify({ type, object })}\n`);
    for (let start = 0; start < line.length; ) {
      const end = Math.min(line.length, start + Math.max(1, this.chunkBytes()));
      watcher.body.push(line.subarray(start, end));
      start = end;
    }
  }
}

export function status(code: number, reason?: string, message?: string): Record<string, unknown> {
  return { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message };
}

function tooLarge(): Record<string, unknown> {
  return {
    ...status(504, "Timeout", "Too large resource version"),
    details: {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
      retryAfterSeconds: 1,
    },
  };
}

export function answer(code: number, body: unknown, headers: Record<string, string> = {}): TransportResponse {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const stream = Readable.from([Buffer.from(text)]);
  return { status: code, headers, body: stream, complete: () => true, cancel: () => void stream.destroy() };
}

export function lostConnection(): TransportError {
  return new TransportError("connection", "Cannot get an answer: connection lost");
}

export function refusedConnection(): TransportError {
  return new TransportError("dial", "Cannot connect to fake");
}
