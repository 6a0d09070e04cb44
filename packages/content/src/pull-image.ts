import {
  type CredentialProvider,
  type Descriptor,
  type Digest,
  type DistributionClient,
  formatReference,
  imageName,
  isIndexType,
  type Manifest,
  maxManifestBytes,
  parseManifest,
  parseReference,
  type Reference,
  type Repository,
  repositoryName,
} from "@wherry/distribution";
import type { ContentStore } from "./content-store.ts";
import { ContentError } from "./errors.ts";
import { contentReferenceLabel, type Labels } from "./labels.ts";
import { Limiter } from "./limiter.ts";
import { choosePlatform, defaultPlatforms, type PlatformPreference } from "./platform.ts";

/** How far one blob of a pull is. */
export interface TransferProgress {
  readonly digest: Digest;
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface PullOptions {
  /** Credentials of this pull instead of the client's. */
  readonly credentials?: CredentialProvider | undefined;
  /** What to take from an index, best first. @default WebAssembly, then Linux of this machine's architecture */
  readonly platforms?: readonly PlatformPreference[] | undefined;
  /** Blobs fetched at the same time. @default 3 */
  readonly concurrency?: number;
  /** Largest sum of configuration and layers that is pulled. @default 16 GiB */
  readonly maxImageBytes?: number;
  readonly labels?: Labels;
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PulledImage {
  /** Name the image is stored under: `docker.io/library/app:1`. */
  readonly name: string;
  /** Reference by digest, to report as `imageID`: `docker.io/library/app@sha256:…`. */
  readonly ref: string;
  /** Digest of what the reference stands for. */
  readonly digest: Digest;
  readonly manifestDigest: Digest;
  /** Digest of the configuration: the image's ID. */
  readonly configDigest: Digest;
  readonly sizeBytes: number;
}

/** A lease that outlives a pull by accident ends after so long. */
const leaseLifetimeMs = 24 * 60 * 60 * 1000;
const maxIndexDepth = 4;
const maxLayers = 512;
/** Layers from this size on are fetched in several ranges at once. */
const parallelFromBytes = 64 * 1024 * 1024;

/**
 * Pulls an image into the store: resolves the reference, fetches what is missing, and names the result.
 *
 * The image is stored under its name and under `repository@digest`. What an aborted or failed pull fetched is kept for a
 * while and resumed. Throws `DistributionError` for what the registry did, `ContentError` for the image and the store.
 */
export async function pullImage(
  store: ContentStore,
  client: DistributionClient,
  reference: Reference | string,
  options: PullOptions = {},
): Promise<PulledImage> {
  const parsed = typeof reference === "string" ? parseReference(reference) : reference;
  const repository = client.repository(parsed, { credentials: options.credentials });
  const target = await repository.resolve({ signal: options.signal });
  const lease = await store.leases.create({ lifetimeMs: leaseLifetimeMs, ofThisProcess: true });
  try {
    const pull = new Pull(store, repository, lease.id, parsed, options);
    const { descriptor, manifest } = await pull.fetchImage(target, 0);
    await pull.fetchContent(manifest);
    const sizeBytes = [descriptor, manifest.config, ...manifest.layers].reduce((sum, { size }) => sum + size, 0);
    const ref = `${repositoryName(parsed)}@${target.digest}`;
    const image = {
      digest: target.digest,
      mediaType: pull.mediaType,
      manifestDigest: descriptor.digest,
      configDigest: manifest.config.digest,
      sizeBytes,
      labels: options.labels ?? {},
    };
    const name = imageName(parsed);
    await store.images.put({ name, ...image }, ...(name === ref ? [] : [{ name: ref, ...image }]));
    const { digest, manifestDigest, configDigest } = image;
    return { name, ref, digest, manifestDigest, configDigest, sizeBytes };
  } finally {
    // Also after a failure: a blob that is complete but not needed would otherwise be kept for a day.
    await store.leases.delete(lease.id).catch(() => undefined);
  }
}

class Pull {
  readonly #store: ContentStore;
  readonly #repository: Repository;
  readonly #lease: string;
  readonly #name: string;
  readonly #options: PullOptions;
  readonly #source: Labels;
  #mediaType = "";

  constructor(store: ContentStore, repository: Repository, lease: string, reference: Reference, options: PullOptions) {
    this.#store = store;
    this.#repository = repository;
    this.#lease = lease;
    this.#name = formatReference(reference);
    this.#options = options;
    this.#source = { [`containerd.io/distribution.source.${reference.registry}`]: reference.repository };
  }

  /** Type of the first document fetched, as it says itself: what registries announce is not always right. */
  get mediaType(): string {
    return this.#mediaType;
  }

  /** Fetches manifests down to that of an image, through indexes by platform. */
  async fetchImage(target: Descriptor, depth: number): Promise<{ descriptor: Descriptor; manifest: Manifest }> {
    if (depth > maxIndexDepth)
      throw new ContentError("InvalidImage", `Cannot pull image "${this.#name}": its indexes are nested too deeply`);
    const bytes = await this.#fetchManifest(target);
    const document = parseManifest(bytes, target.mediaType);
    if (depth === 0) this.#mediaType = document.mediaType;
    const children = document.kind === "index" ? document.manifests : [document.config, ...document.layers];
    const references = children.map(({ digest }, index) => [`${contentReferenceLabel}.${index}`, digest]);
    await this.#store.blobs.setLabels(target.digest, Object.fromEntries(references));
    if (document.kind === "manifest") return { descriptor: target, manifest: document };
    const platforms = this.#options.platforms ?? defaultPlatforms(process.arch);
    return this.fetchImage(choosePlatform(document, platforms, this.#name), depth + 1);
  }

  /** Fetches configuration and layers, several at a time. */
  async fetchContent({ config, layers }: Manifest): Promise<void> {
    const { concurrency = 3, maxImageBytes = 16 * 1024 ** 3, signal } = this.#options;
    const blobs = new Map([config, ...layers].map((descriptor) => [descriptor.digest, descriptor]));
    const totalBytes = [...blobs.values()].reduce((sum, { size }) => sum + size, 0);
    if (layers.length > maxLayers)
      throw this.#tooLarge(`it has ${layers.length} layers; at most ${maxLayers} are supported`);
    if (totalBytes > maxImageBytes)
      throw this.#tooLarge(`it has ${totalBytes} bytes; at most ${maxImageBytes} are allowed`);
    // A failure stops the others, so that none goes on behind the caller's back.
    const failed = new AbortController();
    const either = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
    const limiter = new Limiter(concurrency);
    const tasks = [...blobs.values()].map((descriptor) =>
      limiter
        .run(() => this.#fetchBlob(descriptor, either), either)
        .catch((error: unknown) => {
          failed.abort(error);
          throw error;
        }),
    );
    await Promise.allSettled(tasks);
    await Promise.all(tasks);
  }

  async #fetchManifest(target: Descriptor): Promise<Uint8Array> {
    const { signal, onProgress } = this.#options;
    const { blobs } = this.#store;
    const options = { lease: this.#lease, labels: this.#source };
    if (!isIndexType(target.mediaType) && target.size > maxManifestBytes)
      throw this.#tooLarge(`its manifest is larger than ${maxManifestBytes} bytes`);
    if (await blobs.retain(target.digest, options)) return blobs.readAll(target.digest, maxManifestBytes);
    const { bytes } = await this.#repository.fetchManifest(target.digest, { signal });
    await blobs.put(bytes, { ...options, signal }, target.digest);
    onProgress?.({ digest: target.digest, doneBytes: bytes.length, totalBytes: bytes.length });
    return bytes;
  }

  async #fetchBlob(descriptor: Descriptor, signal: AbortSignal): Promise<void> {
    const { digest, size } = descriptor;
    const { onProgress } = this.#options;
    const concurrency = size >= parallelFromBytes ? 4 : 1;
    await this.#store.blobs.ingest(
      { digest, sizeBytes: size },
      (offset, readSignal) =>
        this.#repository.fetchBlob(descriptor, { offset, concurrency, verify: false, signal: readSignal }),
      {
        lease: this.#lease,
        labels: this.#source,
        signal,
        onProgress: (doneBytes) => onProgress?.({ digest, doneBytes, totalBytes: size }),
      },
    );
  }

  #tooLarge(problem: string): ContentError {
    return new ContentError("TooLarge", `Cannot pull image "${this.#name}": ${problem}`);
  }
}
