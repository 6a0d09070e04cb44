import {
  type ContentStore,
  pullImage,
  resolveModuleImage,
  resolveVolumeImage,
  type Image as StoredImage,
} from "@wherry/content";
import {
  type Credential,
  type DistributionClient,
  imageName,
  parseReference,
  tryParseReference,
} from "@wherry/distribution";
import { RuntimeError } from "../errors.ts";
import type { AuthConfig, FilesystemUsage, Image, ImageSpec, ImageStatus, PullProgress } from "../image.ts";
import type { CallOptions } from "../runtime.ts";
import { imageErrorFrom } from "./image-errors.ts";
import type { ModuleImages, RunnableImage } from "./module-images.ts";

export interface ContentImagesOptions {
  readonly store: ContentStore;
  readonly client: DistributionClient;
  /** Digests or names that garbage collection and listing show as pinned. @default none */
  readonly pinned?: ReadonlySet<string> | undefined;
}

/**
 * Images of WebAssembly modules in a content store, pulled from OCI registries.
 *
 * The ID of an image is the digest of its manifest: artifacts of different modules may share one empty configuration.
 */
export function contentImages(options: ContentImagesOptions): ModuleImages {
  return new ContentImages(options);
}

class ContentImages implements ModuleImages {
  readonly #store: ContentStore;
  readonly #client: DistributionClient;
  readonly #pinned: ReadonlySet<string>;

  constructor(options: ContentImagesOptions) {
    this.#store = options.store;
    this.#client = options.client;
    this.#pinned = options.pinned ?? new Set();
  }

  async imageStatus({ image }: ImageSpec): Promise<ImageStatus | undefined> {
    const found = this.#find(image);
    if (found === undefined) return undefined;
    const names = this.#names(found);
    return { ...this.#describe(found.manifestDigest, names), ref: referenceOf(found, names) };
  }

  async listImages(): Promise<Image[]> {
    const byId = Map.groupBy(this.#store.images.list(), ({ manifestDigest }) => manifestDigest);
    return [...byId].map(([id, names]) => this.#describe(id, names));
  }

  async pullImage(
    { image }: ImageSpec,
    options: CallOptions & {
      readonly auth?: AuthConfig | undefined;
      readonly onProgress?: ((progress: PullProgress) => void) | undefined;
    } = {},
  ): Promise<string> {
    try {
      const reference = parseReference(image);
      const credential = credentialOf(options.auth);
      const pulled = await pullImage(this.#store, this.#client, reference, {
        // Only for the registry the image is named after: a mirror or a redirect must never see them.
        ...(credential && { credentials: (host) => (host === reference.registry ? [credential] : []) }),
        onProgress: options.onProgress,
        signal: options.signal,
      });
      return pulled.ref;
    } catch (error) {
      throw imageErrorFrom(`pull image "${image}"`, error);
    }
  }

  async removeImage({ image }: ImageSpec): Promise<void> {
    const found = this.#find(image);
    if (found === undefined) return;
    await this.#store.images.delete(...this.#names(found).map(({ name }) => name));
    await this.#store.collectGarbage();
  }

  async imageFilesystemUsage(): Promise<FilesystemUsage[]> {
    const { totalBytes, inodes } = this.#store.usage();
    return [{ mountpoint: this.#store.directory, usedBytes: totalBytes, inodesUsed: inodes }];
  }

  async runnable(image: string, command: readonly string[], options: CallOptions = {}): Promise<RunnableImage> {
    const found = this.#present(image, "run");
    try {
      const { config, module, rootfs } = await resolveModuleImage(this.#store, found.digest, {
        command,
        signal: options.signal,
      });
      if (module.kind === "component") {
        throw new RuntimeError(
          "InvalidArgument",
          `Cannot run image "${image}": it holds a component, this runtime runs core modules for WASI preview 1`,
        );
      }
      return {
        ref: referenceOf(found, this.#names(found)),
        modulePath: module.path,
        moduleName: module.name,
        entrypoint: config.entrypoint,
        cmd: config.cmd,
        env: config.env,
        workingDir: config.workingDir,
        stopSignal: config.stopSignal,
        rootfsPath: rootfs,
      };
    } catch (error) {
      throw imageErrorFrom(`run image "${image}"`, error);
    }
  }

  async mountable(image: string, subPath: string, { signal }: CallOptions = {}): Promise<string> {
    const found = this.#present(image, "mount");
    try {
      return (await resolveVolumeImage(this.#store, found.digest, { subPath, signal })).directory;
    } catch (error) {
      throw imageErrorFrom(`mount image "${image}"`, error);
    }
  }

  #present(image: string, verb: string): StoredImage {
    const found = this.#find(image);
    if (found === undefined)
      throw new RuntimeError("NotFound", `Cannot ${verb} image "${image}": it is not present, pull it first`);
    // Written at most once a minute, and nothing but the age of unused images depends on it: the start does not wait for it.
    void this.#store.images.touch(found.name).catch(() => undefined);
    return found;
  }

  #find(image: string): StoredImage | undefined {
    if (/^sha256:[0-9a-f]{64}$/.test(image)) return this.#store.images.findByDigest(image)[0];
    const reference = tryParseReference(image);
    return reference === undefined ? undefined : this.#store.images.get(imageName(reference));
  }

  /** Everything that names the same image. */
  #names({ manifestDigest }: StoredImage): StoredImage[] {
    return this.#store.images.findByDigest(manifestDigest).filter((image) => image.manifestDigest === manifestDigest);
  }

  #describe(id: string, images: readonly StoredImage[]): Image {
    const names = images.map(({ name }) => name);
    return {
      id,
      repoTags: names.filter((name) => !name.includes("@")),
      repoDigests: names.filter((name) => name.includes("@")),
      sizeBytes: Math.max(0, ...images.map(({ sizeBytes }) => sizeBytes)),
      pinned: names.some((name) => this.#pinned.has(name)) || this.#pinned.has(id),
    };
  }
}

/** The name by digest in the image's own repository, else any. */
function referenceOf(image: StoredImage, names: readonly StoredImage[]): string {
  if (image.name.includes("@")) return image.name;
  const repository = image.name.slice(0, image.name.lastIndexOf(":"));
  return names.find(({ name }) => name.startsWith(`${repository}@`))?.name ?? `${repository}@${image.digest}`;
}

function credentialOf(auth: AuthConfig | undefined): Credential | undefined {
  if (auth === undefined) return undefined;
  if (auth.registryToken) return { kind: "registry-token", registryToken: auth.registryToken };
  if (auth.identityToken) return { kind: "identity-token", identityToken: auth.identityToken };
  if (auth.username !== undefined) return { kind: "basic", username: auth.username, password: auth.password ?? "" };
  if (!auth.auth) return undefined;
  const [, username = "", password = ""] =
    /^([^:]*):(.*)$/s.exec(Buffer.from(auth.auth, "base64").toString("utf8")) ?? [];
  return { kind: "basic", username, password };
}
