import { type Digest, type Manifest, maxManifestBytes, parseManifest } from "@wherry/distribution";
import type { ContentStore } from "./content-store.ts";
import { ContentError } from "./errors.ts";
import { type ImageConfig, maxConfigBytes, parseImageConfig } from "./image-config.ts";
import { choosePlatform, defaultPlatforms, type PlatformPreference } from "./platform.ts";

/** An image's manifest and configuration as they are in the store. */
export interface StoredImage {
  readonly manifestDigest: Digest;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
}

const maxDepth = 4;

/**
 * Reads the manifest and configuration of an image from the store, through an index by platform.
 *
 * Throws `ContentError`: `NotFound` when a part of it is not in the store, `NoMatchingPlatform`.
 * @param digest of a manifest or an index
 */
export async function readStoredImage(
  store: ContentStore,
  digest: Digest,
  platforms: readonly PlatformPreference[] = defaultPlatforms(process.arch),
): Promise<StoredImage> {
  let manifestDigest = digest;
  for (let depth = 0; depth <= maxDepth; depth++) {
    const document = parseManifest(await store.blobs.readAll(manifestDigest, maxManifestBytes));
    if (document.kind === "manifest") {
      const config = await readConfig(store, document);
      return { manifestDigest, manifest: document, config };
    }
    manifestDigest = choosePlatform(document, platforms, digest).digest;
  }
  throw new ContentError("InvalidImage", `Image ${digest} has indexes that are nested too deeply`);
}

async function readConfig(store: ContentStore, { config }: Manifest): Promise<ImageConfig> {
  // Artifacts may carry anything as their configuration.
  const isJson = config.mediaType.endsWith("+json") || config.mediaType === "application/json";
  return parseImageConfig(isJson ? await store.blobs.readAll(config.digest, maxConfigBytes) : Buffer.from("{}"));
}
