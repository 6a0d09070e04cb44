import type { Digest } from "./digest.ts";
import { DistributionError } from "./errors.ts";
import { discard, type HttpResponse } from "./http-transport.ts";
import type { Descriptor } from "./manifest.ts";
import { failure, type RepositoryContext } from "./repository-context.ts";

/** Content to upload: bytes, or a function that opens it at an offset, as often as needed. */
export type PushSource = Uint8Array | ((offset: number, end: number) => AsyncIterable<Uint8Array>);

export interface PushBlobOptions {
  /** Another repository of the same registry that is likely to have the blob. */
  readonly mountFrom?: string;
  readonly signal?: AbortSignal | undefined;
}

const pushActions = "pull,push";
/** Chunk size where one request is refused; several registries demand at least 5 MiB. */
const chunkBytes = 16 * 1024 * 1024;
const maxChunkBytes = 1024 * 1024 * 1024;
const maxChunkFailures = 5;

/** Uploads of blobs to one repository (OCI distribution specification v1.1, "Pushing Blobs"). */
export class BlobUpload {
  readonly #context: RepositoryContext;
  readonly #signal: AbortSignal | undefined;

  constructor(context: RepositoryContext, signal: AbortSignal | undefined) {
    this.#context = context;
    this.#signal = signal;
  }

  async exists(digest: Digest, actions = "pull"): Promise<boolean> {
    const { session, repository } = this.#context;
    const target = `${repository}/blobs/${digest}`;
    const response = await session.send({ method: "HEAD", target, actions, signal: this.#signal });
    if (response.status === 200 || response.status === 404) {
      await discard(response);
      return response.status === 200;
    }
    throw await failure(this.#context, response);
  }

  async push(descriptor: Descriptor, source: PushSource, mountFrom: string | undefined): Promise<void> {
    // With the scope of what follows, so that one token does for both.
    if (await this.exists(descriptor.digest, pushActions)) return;
    const started = await this.#start(descriptor.digest, mountFrom);
    if (started === "mounted") return;
    const response = await this.#putWhole(started.location, descriptor, source);
    if (isStored(response)) {
      await discard(response);
      return;
    }
    // Proxies in front of registries limit the size of one request; chunks pass below it.
    if (response.status !== 413 && response.status !== 404 && response.status !== 405)
      throw await failure(this.#context, response);
    await discard(response);
    const again = await this.#start(descriptor.digest, undefined);
    if (again !== "mounted") await this.#putChunks(again, descriptor, source);
  }

  async #start(digest: Digest, mountFrom: string | undefined): Promise<Upload | "mounted"> {
    const { session, repository } = this.#context;
    const mounting = mountFrom !== undefined && mountFrom !== repository;
    const response = await session.send({
      method: "POST",
      target: `${repository}/blobs/uploads/`,
      query: mounting ? { mount: digest, from: mountFrom } : {},
      actions: pushActions,
      extraScopes: mounting ? [`repository:${mountFrom}:pull`] : [],
      signal: this.#signal,
    });
    if (response.status === 201 && mounting) {
      await discard(response);
      return "mounted";
    }
    // A registry that refuses the other repository may still take an upload.
    if (response.status !== 202 && mounting) {
      await discard(response);
      return this.#start(digest, undefined);
    }
    if (response.status !== 202) throw await failure(this.#context, response);
    await discard(response);
    const least = Number(response.headers["oci-chunk-min-length"] ?? 0);
    return {
      location: this.#location(response),
      chunkBytes: Math.max(chunkBytes, Number.isSafeInteger(least) && least <= maxChunkBytes ? least : 0),
    };
  }

  #putWhole(location: URL, descriptor: Descriptor, source: PushSource): Promise<HttpResponse> {
    return this.#context.session.send({
      method: "PUT",
      target: location,
      query: { digest: descriptor.digest },
      headers: { "content-type": "application/octet-stream" },
      body: { sizeBytes: descriptor.size, open: () => openSource(source, 0, descriptor.size) },
      actions: pushActions,
      signal: this.#signal,
    });
  }

  async #putChunks(upload: Upload, descriptor: Descriptor, source: PushSource): Promise<void> {
    let { location } = upload;
    let at = 0;
    for (let failures = 0; at < descriptor.size; ) {
      const end = Math.min(at + upload.chunkBytes, descriptor.size);
      const response = await this.#patch(location, at, end, source);
      if (response.status === 202) {
        await discard(response);
        location = this.#location(response);
        at = end;
        continue;
      }
      // 416: the registry has another idea of how far the upload is.
      if (response.status !== 416 || ++failures > maxChunkFailures) throw await failure(this.#context, response);
      await discard(response);
      ({ location, at } = await this.#progress(location));
    }
    const { session } = this.#context;
    const query = { digest: descriptor.digest };
    const response = await session.send({
      method: "PUT",
      target: location,
      query,
      actions: pushActions,
      signal: this.#signal,
    });
    if (!isStored(response)) throw await failure(this.#context, response);
    await discard(response);
  }

  #patch(location: URL, start: number, end: number, source: PushSource): Promise<HttpResponse> {
    return this.#context.session.send({
      method: "PATCH",
      target: location,
      headers: { "content-type": "application/octet-stream", "content-range": `${start}-${end - 1}` },
      body: { sizeBytes: end - start, open: () => openSource(source, start, end) },
      actions: pushActions,
      signal: this.#signal,
    });
  }

  async #progress(location: URL): Promise<{ location: URL; at: number }> {
    const { session } = this.#context;
    const response = await session.send({
      method: "GET",
      target: location,
      actions: pushActions,
      signal: this.#signal,
    });
    if (response.status !== 204 && response.status !== 202) throw await failure(this.#context, response);
    await discard(response);
    const last = /^(?:bytes=)?0-([0-9]+)$/.exec(String(response.headers["range"] ?? ""))?.[1];
    return { location: this.#location(response, location), at: last === undefined ? 0 : Number(last) + 1 };
  }

  #location(response: HttpResponse, fallback?: URL): URL {
    const { location } = response.headers;
    if (location === undefined && fallback !== undefined) return fallback;
    if (location === undefined || !URL.canParse(location, response.url)) {
      const { registry } = this.#context.session.endpoint.address;
      throw new DistributionError("InvalidResponse", `registry "${registry}" named no place to upload to`, {
        registry,
      });
    }
    return new URL(location, response.url);
  }
}

interface Upload {
  readonly location: URL;
  readonly chunkBytes: number;
}

/** 201 by the specification; others have been seen. */
function isStored({ status }: HttpResponse): boolean {
  return status === 200 || status === 201 || status === 204;
}

function openSource(source: PushSource, start: number, end: number): Uint8Array | AsyncIterable<Uint8Array> {
  return source instanceof Uint8Array ? source.subarray(start, end) : source(start, end);
}
