import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Descriptor, digestOf, ociManifestType } from "@wherry/distribution";
import { fileLayer } from "../images/file-layer.ts";

export interface SeenRequest {
  readonly method: string;
  readonly url: URL;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
  readonly body: Buffer;
}

/** Answers a request instead of the registry; true when it did. */
export type Interceptor = (request: SeenRequest, response: ServerResponse) => boolean;

/** A registry in this process for tests: OCI distribution in memory, with a hook to misbehave. */
export class FakeRegistry implements AsyncDisposable {
  readonly blobs: Map<string, Buffer> = new Map();
  readonly manifests: Map<string, { readonly bytes: Buffer; readonly mediaType: string }> = new Map();
  readonly requests: SeenRequest[] = [];
  readonly uploads: Map<string, Buffer> = new Map();
  intercept: Interceptor | undefined;
  /** Whether it has the referrers API. */
  referrers = true;
  tagsPerPage = 1000;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<FakeRegistry> {
    const server = createServer();
    const registry = new FakeRegistry(server);
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      registry.#handle(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return registry;
  }

  /** `127.0.0.1:port`. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get url(): string {
    return `http://${this.host}`;
  }

  /** Requests without the probe for TLS, as `METHOD path`. */
  get log(): string[] {
    return this.requests.map(({ method, url }) => `${method} ${url.pathname}`);
  }

  addBlob(bytes: Uint8Array, mediaType = "application/octet-stream"): Descriptor {
    const digest = digestOf(bytes);
    this.blobs.set(digest, Buffer.from(bytes));
    return { mediaType, digest, size: bytes.length };
  }

  addManifest(repository: string, tag: string, document: object): Descriptor {
    const bytes = Buffer.from(JSON.stringify(document));
    const mediaType = (document as { mediaType?: string }).mediaType ?? ociManifestType;
    const digest = digestOf(bytes);
    this.manifests.set(`${repository}:${tag}`, { bytes, mediaType });
    this.manifests.set(`${repository}:${digest}`, { bytes, mediaType });
    return { mediaType, digest, size: bytes.length };
  }

  /** An image of one layer. */
  addImage(
    repository: string,
    tag: string,
    layer: Uint8Array,
    types: { readonly layer: string; readonly config: string } = {
      layer: "application/wasm",
      config: "application/vnd.wasm.config.v0+json",
    },
    config: object = {},
  ): { readonly manifest: Descriptor; readonly layer: Descriptor; readonly config: Descriptor } {
    const layerDescriptor = this.addBlob(layer, types.layer);
    const configDescriptor = this.addBlob(Buffer.from(JSON.stringify(config)), types.config);
    const manifest = this.addManifest(repository, tag, {
      schemaVersion: 2,
      mediaType: ociManifestType,
      config: configDescriptor,
      layers: [layerDescriptor],
    });
    return { manifest, layer: layerDescriptor, config: configDescriptor };
  }

  /** An image whose file system has these files, by their paths; for Linux unless `platform` says otherwise. */
  addFiles(
    repository: string,
    tag: string,
    files: Readonly<Record<string, string | Uint8Array>>,
    platform: object = { os: "linux", architecture: "amd64" },
  ): Descriptor {
    const layer = fileLayer(files);
    const types = {
      layer: "application/vnd.oci.image.layer.v1.tar",
      config: "application/vnd.oci.image.config.v1+json",
    };
    const config = { ...platform, rootfs: { type: "layers", diff_ids: [digestOf(layer)] } };
    return this.addImage(repository, tag, layer, types, config).manifest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const seen: SeenRequest = {
      method: request.method ?? "",
      url: new URL(request.url ?? "/", this.url),
      authorization: request.headers.authorization,
      range: request.headers.range,
      body: Buffer.concat(chunks),
    };
    this.requests.push(seen);
    if (this.intercept?.(seen, response)) return;
    const match = /^\/v2\/(.+?)\/(manifests|blobs|tags|referrers)\/(.*)$/.exec(seen.url.pathname);
    const [, repository = "", kind = "", target = ""] = match ?? [];
    if (kind === "manifests") this.#manifest(seen, response, repository, target, request.headers["content-type"] ?? "");
    else if (kind === "blobs" && target.startsWith("uploads/"))
      this.#upload(seen, response, repository, target.slice(8));
    else if (kind === "blobs") this.#blob(seen, response, target);
    else if (kind === "tags") this.#tags(seen, response, repository);
    else if (kind === "referrers" && this.referrers) this.#referrers(seen, response, repository, target);
    else sendError(response, 404, "NAME_UNKNOWN", "no such thing");
  }

  #manifest(seen: SeenRequest, response: ServerResponse, repository: string, target: string, type: string): void {
    if (seen.method === "PUT") {
      const stored = { bytes: seen.body, mediaType: type };
      this.manifests.set(`${repository}:${target}`, stored);
      this.manifests.set(`${repository}:${digestOf(seen.body)}`, stored);
      const subject = (JSON.parse(seen.body.toString()) as { subject?: Descriptor }).subject;
      response.setHeader("docker-content-digest", digestOf(seen.body));
      if (this.referrers && subject !== undefined) response.setHeader("oci-subject", subject.digest);
      response.writeHead(201).end();
      return;
    }
    const manifest = this.manifests.get(`${repository}:${target}`);
    if (manifest === undefined) {
      sendError(response, 404, "MANIFEST_UNKNOWN", "manifest unknown");
      return;
    }
    response.writeHead(200, {
      "content-type": manifest.mediaType,
      "content-length": manifest.bytes.length,
      "docker-content-digest": digestOf(manifest.bytes),
    });
    response.end(seen.method === "HEAD" ? undefined : manifest.bytes);
  }

  #blob(seen: SeenRequest, response: ServerResponse, digest: string): void {
    const blob = this.blobs.get(digest);
    if (blob === undefined) {
      sendError(response, 404, "BLOB_UNKNOWN", "blob unknown");
      return;
    }
    const range = /^bytes=([0-9]+)-([0-9]*)$/.exec(seen.range ?? "");
    if (range === null) {
      response.writeHead(200, { "content-length": blob.length }).end(seen.method === "HEAD" ? undefined : blob);
      return;
    }
    const start = Number(range[1]);
    const end = range[2] === "" ? blob.length : Math.min(Number(range[2]) + 1, blob.length);
    response.writeHead(206, {
      "content-length": end - start,
      "content-range": `bytes ${start}-${end - 1}/${blob.length}`,
    });
    response.end(blob.subarray(start, end));
  }

  #upload(seen: SeenRequest, response: ServerResponse, repository: string, id: string): void {
    const location = (name: string) => `/v2/${repository}/blobs/uploads/${name}?state=x`;
    if (seen.method === "POST") {
      const mount = seen.url.searchParams.get("mount");
      if (mount !== null && this.blobs.has(mount)) {
        response.writeHead(201, { location: `/v2/${repository}/blobs/${mount}` }).end();
        return;
      }
      const name = `upload-${this.uploads.size}`;
      this.uploads.set(name, Buffer.alloc(0));
      response.writeHead(202, { location: location(name) }).end();
      return;
    }
    const content = this.uploads.get(id);
    if (content === undefined) {
      sendError(response, 404, "BLOB_UPLOAD_UNKNOWN", "upload unknown");
      return;
    }
    const whole = Buffer.concat([content, seen.body]);
    const range = `0-${Math.max(0, whole.length - 1)}`;
    if (seen.method === "GET") {
      response.writeHead(204, { location: location(id), range }).end();
      return;
    }
    this.uploads.set(id, whole);
    if (seen.method === "PATCH") {
      response.writeHead(202, { location: location(id), range }).end();
      return;
    }
    const digest = seen.url.searchParams.get("digest") ?? "";
    if (digestOf(whole) !== digest) {
      sendError(response, 400, "DIGEST_INVALID", "digest does not match");
      return;
    }
    this.blobs.set(digest, whole);
    response.writeHead(201, { location: `/v2/${repository}/blobs/${digest}` }).end();
  }

  #tags(seen: SeenRequest, response: ServerResponse, repository: string): void {
    const all = [...this.manifests.keys()]
      .filter((key) => key.startsWith(`${repository}:`) && !key.includes("sha256:"))
      .map((key) => key.slice(repository.length + 1))
      .toSorted();
    const last = seen.url.searchParams.get("last") ?? "";
    const rest = all.filter((tag) => tag > last);
    const page = rest.slice(0, this.tagsPerPage);
    if (rest.length > page.length)
      response.setHeader("link", `</v2/${repository}/tags/list?n=${this.tagsPerPage}&last=${page.at(-1)}>; rel="next"`);
    sendJson(response, { name: repository, tags: page });
  }

  #referrers(seen: SeenRequest, response: ServerResponse, repository: string, digest: string): void {
    const manifests = [...this.manifests.entries()]
      .filter(([key]) => key.startsWith(`${repository}:sha256:`))
      .flatMap(([, { bytes, mediaType }]) => {
        const document = JSON.parse(bytes.toString()) as { subject?: Descriptor; artifactType?: string };
        if (document.subject?.digest !== digest) return [];
        return [{ mediaType, digest: digestOf(bytes), size: bytes.length, artifactType: document.artifactType }];
      });
    seen.url.searchParams.get("artifactType");
    sendJson(response, { schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests });
  }
}

export function sendJson(response: ServerResponse, document: object, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(document));
}

export function sendError(response: ServerResponse, status: number, code: string, message: string): void {
  sendJson(response, { errors: [{ code, message }] }, status);
}
