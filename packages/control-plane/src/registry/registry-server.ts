import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { errorMessage, type Logger } from "@wherry/base";
import { listenErrorFrom } from "../http/listener.ts";
import { BlobDirectory, type Upload } from "./blob-directory.ts";
import { ManifestIndex, parseManifest } from "./manifest-index.ts";
import { RegistryError } from "./registry-error.ts";
import { parseRegistryPath, type RegistryRoute } from "./registry-route.ts";

export interface RegistryServerOptions {
  /** Where blobs and manifests are kept. */
  readonly directory: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly logger: Logger;
}

const host = "127.0.0.1";
const maxManifestBytes = 4 * 1024 * 1024;
const defaultPageSize = 1000;
const octets = "application/octet-stream";
const indexType = "application/vnd.oci.image.index.v1+json";

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
}

/**
 * A registry by the OCI Distribution Specification 1.1 on loopback, without TLS and authentication, for modules of this
 * machine: push, pull, discovery, deletion and referrers.
 */
export class RegistryServer {
  readonly #options: RegistryServerOptions;
  readonly #server: Server;
  readonly #blobs: BlobDirectory;
  readonly #manifests: ManifestIndex;

  constructor(options: RegistryServerOptions) {
    this.#options = options;
    this.#blobs = new BlobDirectory(join(options.directory));
    this.#manifests = new ManifestIndex(options.directory);
    this.#server = createServer((request, response) => void this.#handle(request, response));
    // Uploads of large modules take as long as they take.
    this.#server.requestTimeout = 0;
  }

  /** Begins to listen and gives `HOST:PORT`; throws ControlPlaneError. */
  listen(): Promise<string> {
    const { port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once("error", (error) => reject(listenErrorFrom(error, host, port, "registry")));
      this.#server.listen(port, host, () => resolve(`${host}:${(this.#server.address() as AddressInfo).port}`));
    });
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
    await this.#blobs.close();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = "/", search = ""] = (request.url ?? "/").split("?", 2);
    const exchange: Exchange = { request, response, query: new URLSearchParams(search) };
    try {
      // A page in a browser could otherwise reach us by a name of its own that resolves to loopback.
      if (!isLoopback(request.headers.host)) {
        throw new RegistryError(403, "DENIED", "this registry answers to loopback addresses only");
      }
      await this.#route(exchange, parseRegistryPath(path));
    } catch (error) {
      this.#answerError(exchange, error);
    }
  }

  #answerError({ request, response }: Exchange, error: unknown): void {
    if (!(error instanceof RegistryError)) {
      if (request.destroyed || response.destroyed) return;
      this.#options.logger.warn("Registry request failed", { url: request.url, error: errorMessage(error) });
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const known = error instanceof RegistryError ? error : new RegistryError(500, "UNKNOWN", errorMessage(error));
    // The rest of a body that was refused would be taken for the next request.
    const headers = request.complete ? {} : { connection: "close" };
    send({ response }, known.httpCode, { ...headers, "content-type": "application/json" }, known.toBody());
  }

  async #route(exchange: Exchange, route: RegistryRoute): Promise<void> {
    const method = exchange.request.method ?? "GET";
    const isRead = method === "GET" || method === "HEAD";
    switch (route.kind) {
      case "base":
        if (isRead) return send(exchange, 200, { "content-type": "application/json" }, "{}");
        break;
      case "catalog":
        if (isRead) return this.#sendPage(exchange, "repositories", this.#manifests.repositories(), {});
        break;
      case "tags":
        if (isRead) {
          const { repository: name } = route;
          return this.#sendPage(exchange, "tags", this.#manifests.tags(name), { name });
        }
        break;
      case "referrers":
        if (isRead) return this.#sendReferrers(exchange, route);
        break;
      case "manifest":
        if (isRead) return this.#sendManifest(exchange, route);
        if (method === "PUT") return this.#putManifest(exchange, route);
        if (method === "DELETE") {
          this.#manifests.remove(route.repository, route.reference);
          return send(exchange, 202, {});
        }
        break;
      case "blob":
        if (isRead) return this.#sendBlob(exchange, route.digest);
        if (method === "DELETE") {
          if (!(await this.#blobs.remove(route.digest))) throw unknownBlob();
          return send(exchange, 202, {});
        }
        break;
      case "uploads":
        if (method === "POST") return this.#beginUpload(exchange, route.repository);
        break;
      default:
        return this.#continueUpload(exchange, method, route.repository, route.id);
    }
    throw new RegistryError(405, "UNSUPPORTED", `${method} is not supported here`);
  }

  #sendPage(exchange: Exchange, field: string, all: readonly string[], more: Record<string, unknown>): void {
    const { query, request } = exchange;
    const size = query.get("n");
    if (size !== null && !/^\d{1,6}$/.test(size)) {
      throw new RegistryError(400, "PAGINATION_NUMBER_INVALID", `"${size}" is not a page size`);
    }
    const count = size === null ? defaultPageSize : Number(size);
    const last = query.get("last") ?? "";
    const rest = all.filter((item) => item > last);
    const page = rest.slice(0, count);
    const headers: Record<string, string> = { "content-type": "application/json" };
    const end = page.at(-1);
    if (rest.length > page.length && end !== undefined) {
      const path = (request.url ?? "").split("?")[0];
      headers["link"] = `<${path}?n=${count}&last=${encodeURIComponent(end)}>; rel="next"`;
    }
    send(exchange, 200, headers, JSON.stringify({ ...more, [field]: page }));
  }

  #sendReferrers(exchange: Exchange, { repository, digest }: { repository: string; digest: string }): void {
    const wanted = exchange.query.get("artifactType");
    const all = this.#manifests.referrers(repository, digest);
    const manifests = wanted === null ? all : all.filter((item) => item.artifactType === wanted);
    const headers = {
      "content-type": indexType,
      ...(wanted === null ? {} : { "oci-filters-applied": "artifactType" }),
    };
    send(exchange, 200, headers, JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests }));
  }

  #sendManifest(exchange: Exchange, { repository, reference }: { repository: string; reference: string }): void {
    const { digest, mediaType, body } = this.#manifests.get(repository, reference);
    const headers = { "content-type": mediaType, "docker-content-digest": digest, etag: `"${digest}"` };
    send(exchange, 200, headers, body);
  }

  async #putManifest(exchange: Exchange, route: { repository: string; reference: string }): Promise<void> {
    const { request } = exchange;
    const { repository, reference } = route;
    const body = await readBody(request);
    const content = parseManifest(body);
    if (content === undefined) throw new RegistryError(400, "MANIFEST_INVALID", "the manifest is not a JSON object");
    const mediaType = request.headers["content-type"] ?? "";
    if (mediaType === "") throw new RegistryError(400, "MANIFEST_INVALID", "the manifest has no content type");
    this.#checkReferences(body);
    const digest = this.#manifests.put(repository, reference, mediaType, body);
    send(exchange, 201, {
      location: `/v2/${repository}/manifests/${digest}`,
      "docker-content-digest": digest,
      ...(content.subject?.digest === undefined ? {} : { "oci-subject": content.subject.digest }),
    });
  }

  /** A manifest whose blobs are missing would fail at every pull; better refuse it at the push. */
  #checkReferences(body: Buffer): void {
    const { config, layers } = JSON.parse(body.toString("utf8")) as {
      config?: { digest?: unknown };
      layers?: readonly { digest?: unknown; urls?: unknown }[];
    };
    for (const descriptor of [...(config === undefined ? [] : [config]), ...(Array.isArray(layers) ? layers : [])]) {
      const { digest } = descriptor;
      if ("urls" in descriptor && descriptor.urls !== undefined) continue;
      if (typeof digest !== "string" || this.#blobs.sizeOf(digest) === undefined) {
        throw new RegistryError(404, "MANIFEST_BLOB_UNKNOWN", `blob ${String(digest).slice(0, 100)} is not known here`);
      }
    }
  }

  async #sendBlob(exchange: Exchange, digest: string): Promise<void> {
    const { request, response } = exchange;
    const size = this.#blobs.sizeOf(digest);
    if (size === undefined) throw unknownBlob();
    const range = parseRange(request.headers.range, size);
    if (range === "unsatisfiable") {
      return send(exchange, 416, { "content-range": `bytes */${size}` });
    }
    const [start, end] = range ?? [0, size - 1];
    response.writeHead(range === undefined ? 200 : 206, {
      "content-type": octets,
      "content-length": end - start + 1,
      "docker-content-digest": digest,
      "accept-ranges": "bytes",
      etag: `"${digest}"`,
      ...(range === undefined ? {} : { "content-range": `bytes ${start}-${end}/${size}` }),
    });
    if (request.method === "HEAD" || size === 0) response.end();
    else await pipeline(this.#blobs.read(digest, start, end), response);
  }

  async #beginUpload(exchange: Exchange, repository: string): Promise<void> {
    const { request, query } = exchange;
    const mount = query.get("mount");
    if (mount !== null && this.#blobs.sizeOf(mount) !== undefined) return sendBlobLocation(exchange, repository, mount);
    const upload = await this.#blobs.begin();
    const digest = query.get("digest");
    if (digest === null) return sendUploadLocation(exchange, 202, repository, upload);
    await this.#blobs.append(upload.id, request);
    await this.#blobs.commit(upload.id, digest);
    return sendBlobLocation(exchange, repository, digest);
  }

  async #continueUpload(exchange: Exchange, method: string, repository: string, id: string): Promise<void> {
    const { request, query } = exchange;
    switch (method) {
      case "GET":
        return sendUploadLocation(exchange, 204, repository, this.#blobs.find(id));
      case "DELETE":
        await this.#blobs.cancel(id);
        return send(exchange, 204, {});
      case "PATCH":
        checkChunk(request, this.#blobs.find(id));
        return sendUploadLocation(exchange, 202, repository, await this.#blobs.append(id, request));
      case "PUT": {
        const digest = query.get("digest") ?? "";
        checkChunk(request, this.#blobs.find(id));
        await this.#blobs.append(id, request);
        await this.#blobs.commit(id, digest);
        return sendBlobLocation(exchange, repository, digest);
      }
      default:
        throw new RegistryError(405, "UNSUPPORTED", `${method} is not supported here`);
    }
  }
}

function isLoopback(hostHeader: string | undefined): boolean {
  const name = (hostHeader ?? "").replace(/:\d+$/, "");
  return name === "localhost" || name === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
}

function send(
  { response }: Pick<Exchange, "response">,
  code: number,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer = "",
): void {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const all = { "docker-distribution-api-version": "registry/2.0", "content-length": bytes.length, ...headers };
  response.writeHead(code, code === 204 ? { ...headers } : all);
  response.end(bytes);
}

function sendBlobLocation(exchange: Exchange, repository: string, digest: string): void {
  send(exchange, 201, { location: `/v2/${repository}/blobs/${digest}`, "docker-content-digest": digest });
}

function sendUploadLocation(exchange: Exchange, code: number, repository: string, { id, sizeBytes }: Upload): void {
  send(exchange, code, {
    location: `/v2/${repository}/blobs/uploads/${id}`,
    "docker-upload-uuid": id,
    range: `0-${Math.max(0, sizeBytes - 1)}`,
  });
}

/** A chunk with a Content-Range must go on where the upload ends. */
function checkChunk(request: IncomingMessage, upload: Upload): void {
  const range = request.headers["content-range"];
  if (range === undefined) return;
  const match = /^(?:bytes )?(\d+)-(\d+)$/.exec(range);
  if (match === null) throw new RegistryError(400, "BLOB_UPLOAD_INVALID", `"${range}" is not a content range`);
  if (Number(match[1]) !== upload.sizeBytes) {
    throw new RegistryError(
      416,
      "BLOB_UPLOAD_INVALID",
      `the chunk starts at ${match[1]}, the upload goes on at ${upload.sizeBytes}`,
    );
  }
}

function parseRange(header: string | undefined, size: number): readonly [number, number] | "unsatisfiable" | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (match === null || (match[1] === "" && match[2] === "")) return undefined;
  const isSuffix = match[1] === "";
  const start = isSuffix ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const end = isSuffix || match[2] === "" ? size - 1 : Math.min(Number(match[2]), size - 1);
  return start > end || start >= size ? "unsatisfiable" : [start, end];
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxManifestBytes) {
      throw new RegistryError(413, "SIZE_INVALID", `a manifest may have no more than ${maxManifestBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function unknownBlob(): RegistryError {
  return new RegistryError(404, "BLOB_UNKNOWN", "blob unknown to registry");
}
