import { type Descriptor, type Digest, digestOf, type Manifest } from "@wherry/distribution";
import type { ContentStore } from "./content-store.ts";
import { ContentError } from "./errors.ts";
import type { ImageConfig } from "./image-config.ts";
import { snapshotReferenceLabel } from "./labels.ts";
import { type LayerCompression, layerCompression } from "./layer-decompression.ts";
import type { UnpackLimits } from "./layer-limits.ts";
import type { UnpackLayer } from "./unpack-job.ts";

export interface UnpackOptions {
  readonly limits?: UnpackLimits | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An image's file system in the store. */
export interface UnpackedImage {
  readonly chainId: Digest;
  /** Must not be written to. */
  readonly directory: string;
}

interface Layer {
  readonly descriptor: Descriptor;
  readonly compression: LayerCompression;
  readonly diffId: Digest;
}

/**
 * Unpacks the file system layers of an image into a snapshot, once; the snapshot is kept as long as the image's configuration.
 *
 * All layers go into one directory, so that it can be used without mounts and without privileges. Throws `ContentError`:
 * `InvalidImage`, `InvalidArchive`, `UnsafeArchive`, `TooLarge`, `Unsupported` for layers that are no file systems,
 * `UnpackerFailed`.
 */
export async function unpackLayers(
  store: ContentStore,
  manifest: Manifest,
  config: ImageConfig,
  options: UnpackOptions = {},
): Promise<UnpackedImage> {
  const layers = matchLayers(manifest, config);
  const chainId = chainIdOf(layers.map(({ diffId }) => diffId));
  const present = store.snapshots.directory(chainId);
  const label = { [snapshotReferenceLabel]: chainId };
  // Also when the snapshot is there: another image with the same layers may have made it.
  if (store.blobs.labels(manifest.config.digest)[snapshotReferenceLabel] !== chainId)
    await store.blobs.setLabels(manifest.config.digest, label);
  if (present !== undefined) return { chainId, directory: present };
  const { limits = {}, signal } = options;
  const write = (root: string, taskSignal: AbortSignal) =>
    store.unpacker.run({ root, layers: layers.map((layer) => located(store, layer)), limits }, taskSignal);
  return { chainId, directory: await store.snapshots.ensure(chainId, write, { signal }) };
}

function located(store: ContentStore, { descriptor: { digest }, compression, diffId }: Layer): UnpackLayer {
  return { digest, path: store.blobs.path(digest), compression, diffId };
}

function matchLayers({ layers }: Manifest, { diffIds }: ImageConfig): Layer[] {
  if (layers.length === 0) throw new ContentError("InvalidImage", "The image has no layers");
  const archives = layers.map((descriptor) => ({ descriptor, compression: compressionOf(descriptor) }));
  if (layers.length !== diffIds.length)
    throw new ContentError(
      "InvalidImage",
      `The image has ${layers.length} layers, but its configuration names ${diffIds.length}`,
    );
  return diffIds.flatMap((diffId, index) => {
    const archive = archives[index];
    return archive === undefined ? [] : [{ ...archive, diffId }];
  });
}

function compressionOf({ mediaType }: Descriptor): LayerCompression {
  const compression = layerCompression(mediaType);
  if (compression !== undefined) return compression;
  throw new ContentError(
    "Unsupported",
    `Layers of type ${JSON.stringify(mediaType)} cannot be unpacked; expected a tar archive, plain or with gzip or zstd`,
  );
}

/** OCI image specification, "Layer ChainID". */
export function chainIdOf(diffIds: readonly Digest[]): Digest {
  const [first, ...rest] = diffIds;
  if (first === undefined) throw new ContentError("InvalidImage", "The image has no layers");
  return rest.reduce<Digest>((chainId, diffId) => digestOf(`${chainId} ${diffId}`), first);
}
