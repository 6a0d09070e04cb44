import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { type BlobFiles, digestHex } from "./blob-files.ts";
import type { ManifestTable } from "./manifest-table.ts";
import { parseManifestDocument } from "./parse-manifest.ts";
import { RegistryError } from "./registry-error.ts";

const maxManifestBytes = 4 * 1024 * 1024;
const maxPage = 1000;
const namePattern = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const indexType = "application/vnd.oci.image.index.v1+json";

export interface RegistryParts {
  readonly blobs: BlobFiles;
  readonly manifests: ManifestTable;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  readonly query: URLSearchParams;
  /** Repository name, checked. */
  readonly name: string;
  /** Last part of the path. */
  readonly reference: string;
}

type Handler = (parts: RegistryParts, exchange: Exchange) => Promise<void>;

const routes: readonly (readonly [RegExp, Handler])[] = [
  [/^\/v2\/(?<name>.+)\/manifests\/(?<reference>[^/]+)$/, manifests],
  [/^\/v2\/(?<name>.+)\/blobs\/uploads\/(?<reference>[^/]*)$/, uploads],
  [/^\/v2\/(?<name>.+)\/blobs\/(?<reference>[^/]+)$/, blobs],
  [/^\/v2\/(?<name>.+)\/tags\/list$/, tags],
  [/^\/v2\/(?<name>.+)\/referrers\/(?<reference>[^/]+)$/, referrers],
];

/**
 * Answers one request of the OCI distribution protocol (specification 1.1). Rejects with `RegistryError` for what it refuses.
 */
export async function handleRegistryRequest(
  parts: RegistryParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://registry.invalid");
  const method = request.method ?? "GET";
  if (url.pathname === "/v2/" || url.pathname === "/v2") return sendJson(response, 200, {});
  if (url.pathname === "/v2/_catalog") return catalog(parts, url.searchParams, response);
  for (const [pattern, handle] of routes) {
    const groups = pattern.exec(url.pathname)?.groups;
    if (groups === undefined) continue;
    const name = decodeURIComponent(groups["name"] ?? "");
    if (name.length > 255 || !namePattern.test(name)) {
      throw new RegistryError(
        400,
        "NAME_INVALID",
        `repository is ${JSON.stringify(name)}, expected lower-case words separated by "/", ".", "_" or "-"`,
      );
    }
    const reference = decodeURIComponent(groups["reference"] ?? "");
    return handle(parts, { request, response, method, query: url.searchParams, name, reference });
  }
  throw new RegistryError(404, "UNSUPPORTED", `there is nothing at ${url.pathname}`);
}

async function manifests(parts: RegistryParts, exchange: Exchange): Promise<void> {
  const { method, reference, name, response } = exchange;
  if (reference.includes(":")) digestHex(reference);
  else if (!tagPattern.test(reference))
    throw new RegistryError(
      400,
      "MANIFEST_INVALID",
      `tag is ${JSON.stringify(reference)}, expected letters, digits, ".", "_" and "-", at most 128`,
    );
  if (method === "PUT") return putManifest(parts, exchange);
  if (method === "DELETE") {
    if (!parts.manifests.delete(name, reference)) throw unknownManifest(name, reference);
    return void response.writeHead(202).end();
  }
  requireRead(method);
  const record = parts.manifests.get(name, reference);
  const size = record && (await parts.blobs.size(record.digest));
  if (record === undefined || size === undefined) throw unknownManifest(name, reference);
  response.writeHead(200, {
    "content-type": record.mediaType,
    "content-length": size,
    "docker-content-digest": record.digest,
  });
  if (method === "HEAD") response.end();
  else await pipeline(parts.blobs.read(record.digest), response);
}

async function putManifest({ blobs: files, manifests: table }: RegistryParts, exchange: Exchange): Promise<void> {
  const { request, response, name, reference } = exchange;
  const bytes = await readBody(request, maxManifestBytes);
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  if (reference.includes(":") && reference !== digest)
    throw new RegistryError(400, "DIGEST_INVALID", `content has digest ${digest}, not ${reference}`);
  const document = parseManifestDocument(bytes, request.headers["content-type"]);
  for (const needed of document.blobs) {
    if ((await files.size(needed)) === undefined)
      throw new RegistryError(
        400,
        "MANIFEST_BLOB_UNKNOWN",
        `the manifest names ${needed}, which is not here; push it first`,
      );
  }
  await files.put(digest, bytes);
  const { mediaType, subject, artifactType } = document;
  table.put(name, { digest, mediaType, subject, artifactType }, reference.includes(":") ? undefined : reference);
  response.writeHead(201, {
    location: `/v2/${name}/manifests/${digest}`,
    "docker-content-digest": digest,
    ...(subject !== undefined && { "oci-subject": subject }),
  });
  response.end();
}

async function blobs(parts: RegistryParts, { request, response, method, reference }: Exchange): Promise<void> {
  digestHex(reference);
  const size = await parts.blobs.size(reference);
  if (size === undefined) throw new RegistryError(404, "BLOB_UNKNOWN", `there is no blob ${reference}`);
  if (method === "DELETE") {
    await parts.blobs.delete(reference);
    return void response.writeHead(202).end();
  }
  requireRead(method);
  const headers = {
    "content-type": "application/octet-stream",
    "docker-content-digest": reference,
    "accept-ranges": "bytes",
  };
  const range = parseRange(request.headers.range, size);
  const length = range === undefined ? size : range.end - range.start + 1;
  response.writeHead(range === undefined ? 200 : 206, {
    ...headers,
    "content-length": length,
    ...(range && { "content-range": `bytes ${range.start}-${range.end}/${size}` }),
  });
  if (method === "HEAD" || length === 0) response.end();
  else await pipeline(parts.blobs.read(reference, range), response);
}

async function uploads(parts: RegistryParts, exchange: Exchange): Promise<void> {
  const { method, reference, request, response, name, query } = exchange;
  const files = parts.blobs;
  if (reference === "") {
    if (method !== "POST") throw unsupported(method);
    return startUpload(files, exchange);
  }
  if (method === "GET") return uploadAccepted(response, 204, name, reference, await files.uploadSize(reference));
  if (method === "DELETE") {
    await files.cancelUpload(reference);
    return void response.writeHead(204).end();
  }
  if (method !== "PATCH" && method !== "PUT") throw unsupported(method);
  await checkContentRange(files, exchange);
  const size = await files.append(reference, request);
  if (method === "PATCH") return uploadAccepted(response, 202, name, reference, size);
  return finishUpload(files, exchange, reference, query.get("digest") ?? "");
}

async function startUpload(files: BlobFiles, exchange: Exchange): Promise<void> {
  const { query, request, response, name } = exchange;
  const mount = query.get("mount");
  if (mount !== null && (await files.size(mount)) !== undefined) return blobCreated(response, name, mount);
  const id = await files.startUpload();
  const digest = query.get("digest");
  if (digest === null) return uploadAccepted(response, 202, name, id, 0);
  await files.append(id, request);
  return finishUpload(files, exchange, id, digest);
}

async function finishUpload(files: BlobFiles, { response, name }: Exchange, id: string, digest: string): Promise<void> {
  digestHex(digest);
  await files.finishUpload(id, digest);
  blobCreated(response, name, digest);
}

async function checkContentRange(files: BlobFiles, { request, reference, name }: Exchange): Promise<void> {
  const text = request.headers["content-range"];
  if (text === undefined) return;
  const start = Number(/^(\d{1,15})-\d{1,15}$/.exec(text)?.[1] ?? Number.NaN);
  const size = await files.uploadSize(reference);
  if (start === size) return;
  const headers = { location: `/v2/${name}/blobs/uploads/${reference}`, range: `0-${Math.max(0, size - 1)}` };
  throw new RegistryError(
    416,
    "BLOB_UPLOAD_INVALID",
    `Content-Range is ${JSON.stringify(text)}, expected it to start at ${size}`,
    headers,
  );
}

async function tags({ manifests: table }: RegistryParts, { response, name, query, method }: Exchange): Promise<void> {
  requireRead(method);
  const limit = pageSize(query);
  const found = table.tags(name, query.get("last") ?? "", limit);
  if (found === undefined)
    throw new RegistryError(404, "NAME_UNKNOWN", `there is no repository ${JSON.stringify(name)}`);
  sendPage(response, { name, tags: found }, found, limit, `/v2/${name}/tags/list`);
}

function catalog({ manifests: table }: RegistryParts, query: URLSearchParams, response: ServerResponse): void {
  const limit = pageSize(query);
  const repositories = table.repositories(query.get("last") ?? "", limit);
  sendPage(response, { repositories }, repositories, limit, "/v2/_catalog");
}

async function referrers(parts: RegistryParts, { response, name, reference, query, method }: Exchange): Promise<void> {
  requireRead(method);
  digestHex(reference);
  const wanted = query.get("artifactType");
  const found = parts.manifests
    .referrers(name, reference)
    .filter(({ artifactType }) => wanted === null || artifactType === wanted);
  const descriptors = await Promise.all(
    found.map(async ({ digest, mediaType, artifactType }) => ({
      mediaType,
      digest,
      size: (await parts.blobs.size(digest)) ?? 0,
      artifactType,
    })),
  );
  if (wanted !== null) response.setHeader("oci-filters-applied", "artifactType");
  sendJson(response, 200, { schemaVersion: 2, mediaType: indexType, manifests: descriptors }, indexType);
}

function sendPage(
  response: ServerResponse,
  body: object,
  entries: readonly string[],
  limit: number,
  path: string,
): void {
  const last = entries.at(-1);
  if (entries.length === limit && last !== undefined)
    response.setHeader("link", `<${path}?n=${limit}&last=${encodeURIComponent(last)}>; rel="next"`);
  sendJson(response, 200, body);
}

/** One JSON document. */
export function sendJson(response: ServerResponse, status: number, body: unknown, type = "application/json"): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(text),
    "docker-distribution-api-version": "registry/2.0",
  });
  response.end(text);
}

function blobCreated(response: ServerResponse, name: string, digest: string): void {
  response
    .writeHead(201, { location: `/v2/${name}/blobs/${digest}`, "docker-content-digest": digest, "content-length": 0 })
    .end();
}

function uploadAccepted(response: ServerResponse, status: number, name: string, id: string, size: number): void {
  response.writeHead(status, {
    location: `/v2/${name}/blobs/uploads/${id}`,
    range: `0-${Math.max(0, size - 1)}`,
    "docker-upload-uuid": id,
    "oci-chunk-min-length": 0,
  });
  response.end();
}

async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxBytes) throw new RegistryError(413, "SIZE_INVALID", `a manifest may have ${maxBytes} bytes at most`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

// RFC 9110 section 14.2; a range that makes no sense is answered with the whole.
function parseRange(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const [, first = "", last = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (start < size && start <= end) return { start, end };
  if (size === 0 || start > end) return undefined;
  throw new RegistryError(416, "SIZE_INVALID", `the range ${header} is not within ${size} bytes`, {
    "content-range": `bytes */${size}`,
  });
}

function pageSize(query: URLSearchParams): number {
  const wanted = Number(query.get("n") ?? maxPage);
  return Number.isInteger(wanted) && wanted > 0 ? Math.min(wanted, maxPage) : maxPage;
}

function requireRead(method: string): void {
  if (method !== "GET" && method !== "HEAD") throw unsupported(method);
}

function unsupported(method: string): RegistryError {
  return new RegistryError(405, "UNSUPPORTED", `the method ${method} is not supported here`);
}

function unknownManifest(name: string, reference: string): RegistryError {
  return new RegistryError(
    404,
    "MANIFEST_UNKNOWN",
    `there is no manifest ${JSON.stringify(reference)} in ${JSON.stringify(name)}`,
  );
}
