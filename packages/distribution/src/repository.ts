import { answerError } from "./answer-error.ts";
import { BlobReader, type BlobReadOptions } from "./blob-reader.ts";
import { BlobUpload, type PushBlobOptions, type PushSource } from "./blob-upload.ts";
import type { ClientSettings } from "./client-settings.ts";
import { type Digest, digestAlgorithm, digestOf, isDigest } from "./digest.ts";
import { DistributionError, describing } from "./errors.ts";
import { discard, type HttpResponse, readBounded } from "./http-transport.ts";
import { listReferrers, listTags, type ReferrersOptions, type TagsOptions } from "./listing.ts";
import { type Descriptor, maxManifestBytes, parseManifest } from "./manifest.ts";
import { pushManifest } from "./manifest-push.ts";
import { manifestAccept, ociManifestType } from "./media-types.ts";
import { formatReference, type Reference, referenceTarget, repositoryName } from "./reference.ts";
import type { RegistrySession, SessionRequest } from "./registry-session.ts";

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** A manifest as its registry stores it. */
export interface FetchedManifest {
  readonly descriptor: Descriptor;
  /** The very bytes the digest is of. */
  readonly bytes: Uint8Array;
}

/** The endpoints a repository is reached at, in order of preference. */
export interface RepositorySessions {
  readonly resolve: readonly RegistrySession[];
  readonly pull: readonly RegistrySession[];
  readonly upstream: RegistrySession;
}

/**
 * One repository of a registry: its manifests, blobs, tags and referrers.
 *
 * Everything fetched is checked against digest and size. Methods throw `DistributionError`, or the signal's reason.
 */
export class Repository {
  readonly reference: Reference;
  readonly #sessions: RepositorySessions;
  readonly #settings: ClientSettings;

  constructor(reference: Reference, sessions: RepositorySessions, settings: ClientSettings) {
    this.reference = reference;
    this.#sessions = sessions;
    this.#settings = settings;
  }

  /** Finds what the reference's tag or digest stands for, without fetching it where the registry can tell. */
  resolve(options: CallOptions = {}): Promise<Descriptor> {
    return this.#pulling(async () => {
      const target = referenceTarget(this.reference);
      const request = { ...this.#manifestRequest(target, options), method: "HEAD" as const };
      return this.#fromAny(this.#sessions.resolve, async (session) => {
        const response = await session.send(request);
        if (![200, 400, 404, 405].includes(response.status)) throw await this.#answerError(session, response);
        await discard(response);
        const descriptor = response.status === 200 ? describeHead(response, target) : undefined;
        if (descriptor !== undefined) return descriptor;
        // Not every registry answers HEAD, or with all headers; and what is missing is only said with GET.
        return (await this.#getManifest(session, target, options)).descriptor;
      });
    });
  }

  /** Fetches a manifest or index by tag or digest. @param target the reference's own by default */
  fetchManifest(target: string = referenceTarget(this.reference), options: CallOptions = {}): Promise<FetchedManifest> {
    return this.#pulling(() =>
      this.#fromAny(this.#sessions.resolve, (session) => this.#getManifest(session, target, options)),
    );
  }

  /**
   * Reads a blob. The stream breaks off with an error for content that is too long, too short or has another digest; an
   * interrupted connection is resumed where it broke.
   */
  async *fetchBlob(descriptor: Descriptor, options: BlobReadOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const open = (start: number, end: number, signal: AbortSignal | undefined) =>
      this.#fromAny(this.#sessions.pull, async (session) => {
        const whole = start === 0 && end === descriptor.size;
        const response = await session.send({
          method: "GET",
          target: `${this.reference.repository}/blobs/${descriptor.digest}`,
          headers: whole ? {} : { range: `bytes=${start}-${end - 1}` },
          actions: "pull",
          signal,
        });
        if (response.status === 200 || (response.status === 206 && !whole)) return response;
        throw await this.#answerError(session, response);
      });
    try {
      yield* new BlobReader(descriptor, open, this.#settings, options).read();
    } catch (error) {
      throw error instanceof DistributionError ? error.during(this.#pullAction()) : error;
    }
  }

  /** Whether the registry has a blob. */
  async hasBlob(digest: Digest, options: CallOptions = {}): Promise<boolean> {
    const upload = this.#upload(options);
    return describing(`Cannot look up blob ${digest} of ${repositoryName(this.reference)}`, () =>
      upload.exists(digest),
    );
  }

  /**
   * Puts a blob into the repository unless it is there: mounted from another repository of the registry where asked and
   * possible, else uploaded in one request, else in chunks.
   */
  pushBlob(descriptor: Descriptor, source: PushSource, options: PushBlobOptions = {}): Promise<void> {
    return this.#pushing(() => this.#upload(options).push(descriptor, source, options.mountFrom));
  }

  /**
   * Puts a manifest under the reference's tag, or under its digest where it has no tag; what it names must be there already.
   *
   * A manifest with a subject is also entered in the referrers tag where the registry has no referrers API.
   */
  pushManifest(bytes: Uint8Array, mediaType: string = ociManifestType, options: CallOptions = {}): Promise<Descriptor> {
    return this.#pushing(() => pushManifest(this.#listingContext(), this.reference, bytes, mediaType, options.signal));
  }

  /** Tags of the repository in the registry's order, at most `limit` of them. */
  listTags(options: TagsOptions = {}): Promise<string[]> {
    return describing(`Cannot list tags of ${repositoryName(this.reference)}`, () =>
      listTags(this.#listingContext(), options),
    );
  }

  /** Manifests whose subject is `digest`: signatures, bills of materials. */
  listReferrers(digest: Digest, options: ReferrersOptions = {}): Promise<Descriptor[]> {
    return describing(`Cannot list referrers of ${repositoryName(this.reference)}@${digest}`, () =>
      listReferrers(this.#listingContext(), digest, options),
    );
  }

  #listingContext() {
    return {
      session: this.#sessions.upstream,
      repository: this.reference.repository,
      nowMs: () => this.#settings.clock.now(),
    };
  }

  #upload(options: CallOptions): BlobUpload {
    return new BlobUpload(this.#listingContext(), options.signal);
  }

  #manifestRequest(target: string, options: CallOptions): Omit<SessionRequest, "method"> {
    return {
      target: `${this.reference.repository}/manifests/${target}`,
      headers: { accept: manifestAccept },
      actions: "pull",
      signal: options.signal,
    };
  }

  async #getManifest(session: RegistrySession, target: string, options: CallOptions): Promise<FetchedManifest> {
    const response = await session.send({ ...this.#manifestRequest(target, options), method: "GET" });
    if (response.status !== 200) throw await this.#answerError(session, response);
    const bytes = await readBounded(response, maxManifestBytes, "A manifest");
    const { registry } = session.endpoint.address;
    const announced = response.headers["docker-content-digest"];
    const expected = isDigest(target) ? target : announced;
    const algorithm =
      expected !== undefined && isDigest(String(expected)) ? digestAlgorithm(expected as Digest) : "sha256";
    const digest = digestOf(bytes, algorithm);
    if (expected !== undefined && expected !== digest)
      throw new DistributionError(
        "DigestMismatch",
        `registry "${registry}" sent manifest ${target} with digest ${digest}${isDigest(target) ? "" : `, announced as ${String(expected)}`}`,
        { registry },
      );
    const { mediaType } = parseManifest(bytes, contentType(response));
    return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
  }

  /** Tries the endpoints in turn; what the last one says counts, unless an earlier one knew better than "not found". */
  async #fromAny<T>(
    sessions: readonly RegistrySession[],
    attempt: (session: RegistrySession) => Promise<T>,
  ): Promise<T> {
    let failure: unknown;
    for (const [index, session] of sessions.entries()) {
      try {
        return await attempt(session);
      } catch (error) {
        failure = error;
        if (!(error instanceof DistributionError) || index + 1 === sessions.length) throw error;
        const { registry } = session.endpoint.address;
        this.#settings.logger.warn("Registry mirror failed", { registry, error: error.message });
      }
    }
    throw failure;
  }

  #answerError(session: RegistrySession, response: HttpResponse): Promise<DistributionError> {
    return answerError(response, session.endpoint.address.registry, this.#settings.clock.now());
  }

  #pullAction(): string {
    return `Cannot pull image "${formatReference(this.reference)}"`;
  }

  #pulling<T>(work: () => Promise<T>): Promise<T> {
    return describing(this.#pullAction(), work);
  }

  #pushing<T>(work: () => Promise<T>): Promise<T> {
    return describing(`Cannot push image "${formatReference(this.reference)}"`, work);
  }
}

function contentType(response: HttpResponse): string | undefined {
  return response.headers["content-type"]?.split(";")[0]?.trim();
}

function describeHead(response: HttpResponse, target: string): Descriptor | undefined {
  const digest = isDigest(target) ? target : String(response.headers["docker-content-digest"] ?? "");
  const mediaType = contentType(response);
  const length = response.headers["content-length"];
  if (!isDigest(digest) || mediaType === undefined || length === undefined || !/^[0-9]{1,15}$/.test(length))
    return undefined;
  if (isDigest(target) && String(response.headers["docker-content-digest"] ?? target) !== target) return undefined;
  return { mediaType, digest, size: Number(length) };
}
