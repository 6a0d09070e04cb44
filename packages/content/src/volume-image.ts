import { linkSync } from "node:fs";
import { join } from "node:path";
import { errorCode, errorMessage } from "@wherry/base";
import { type Descriptor, type Digest, digestOf } from "@wherry/distribution";
import type { ContentStore } from "./content-store.ts";
import { ContentError } from "./errors.ts";
import { snapshotReferenceLabel } from "./labels.ts";
import type { UnpackLimits } from "./layer-limits.ts";
import type { PlatformPreference } from "./platform.ts";
import { RootedTree } from "./rooted-tree.ts";
import { readStoredImage, type StoredImage } from "./stored-image.ts";
import { unpackLayers } from "./unpack-image.ts";
import { titleOf, wasmLayerOf } from "./wasm-layer.ts";

/** A present image, ready to be mounted. */
export interface VolumeImage {
  readonly manifestDigest: Digest;
  /** Absolute and free of links; must not be written to. */
  readonly directory: string;
}

export interface VolumeImageOptions {
  /** Directory in the image to be mounted instead of its root. @default the root */
  readonly subPath?: string | undefined;
  readonly platforms?: readonly PlatformPreference[];
  readonly limits?: UnpackLimits;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The directory that a volume of an image shows: the image's file system, or, for an image that is only a WebAssembly module, a
 * directory with that module in it, named as its layer's title says and `module.wasm` without one.
 *
 * It is made once, and stays as long as the image does. `subPath` is resolved as by a process confined to the image: no link in
 * it leads out. Throws `ContentError`: `NotFound` for an image that is not all there, `NoDirectory` for a sub path that leads to
 * none, `Unsupported` for an artifact of another kind, and what `unpackLayers` throws.
 * @param imageDigest digest of the manifest or index the image's name stands for
 */
export async function resolveVolumeImage(
  store: ContentStore,
  imageDigest: Digest,
  options: VolumeImageOptions = {},
): Promise<VolumeImage> {
  const { subPath = "", platforms } = options;
  const name = store.images.findByDigest(imageDigest)[0]?.name ?? imageDigest;
  try {
    const image = await readStoredImage(store, imageDigest, platforms);
    const layer = wasmLayerOf(image);
    const root =
      layer === undefined
        ? (await unpackLayers(store, image.manifest, image.config, options)).directory
        : await moduleDirectory(store, image, layer, options.signal);
    return { manifestDigest: image.manifestDigest, directory: directoryBeneath(root, subPath) };
  } catch (error) {
    if (!(error instanceof ContentError)) throw error;
    const { code, retryable, cause } = error;
    throw new ContentError(code, `Cannot mount image "${name}": ${errorMessage(error)}`, { cause, retryable });
  }
}

/** A snapshot with the module as its only file; kept by the manifest, because artifacts may share one empty configuration. */
async function moduleDirectory(
  store: ContentStore,
  { manifestDigest }: StoredImage,
  layer: Descriptor,
  signal: AbortSignal | undefined,
): Promise<string> {
  const name = titleOf(layer) ?? "module.wasm";
  const key = digestOf(Buffer.from(JSON.stringify(["module directory", name, layer.digest])));
  if (store.blobs.labels(manifestDigest)[snapshotReferenceLabel] !== key)
    await store.blobs.setLabels(manifestDigest, { [snapshotReferenceLabel]: key });
  const write = async (root: string) => {
    using tree = new RootedTree(root);
    const place = tree.locate([name], { create: false });
    linkSync(store.blobs.path(layer.digest), place.directory.entry(place.name));
    // The bytes are the blob's. It costs nothing to make again, so nobody waits until the link would survive a power failure.
    return { sizeBytes: 0, entries: 1, isDurable: false };
  };
  return store.snapshots.ensure(key, write, { signal });
}

function directoryBeneath(root: string, subPath: string): string {
  const segments = subPath.split("/").filter((segment) => segment !== "" && segment !== ".");
  const shown = `sub path ${JSON.stringify(subPath)}`;
  if (subPath.startsWith("/") || segments.includes(".."))
    throw new ContentError("NoDirectory", `${shown} must be relative and without ".."`);
  if (segments.length === 0) return root;
  using tree = new RootedTree(root);
  try {
    return join(root, ...tree.directory(segments).segments);
  } catch (error) {
    const code = errorCode(error) ?? "";
    if (code !== "ENOENT" && code !== "ENOTDIR" && code !== "UnsafeArchive") throw error;
    const problem = code === "ENOENT" ? "does not exist in it" : "leads to no directory in it";
    throw new ContentError("NoDirectory", `${shown} ${problem}`, { cause: error });
  }
}
