import { gzipSync, zstdCompressSync } from "node:zlib";
import { silentLogger } from "@wherry/base";
import { type Descriptor, type Digest, digestOf, ociIndexType, ociManifestType } from "@wherry/distribution";
import { type ContentStore, contentReferenceLabel, type LayerUnpacker } from "../src/index.ts";
import { unpackJob } from "../src/unpack-job.ts";
import { type TarInput, tarOf } from "./tar-builder.ts";

/** Unpacks on the thread of the test: what a store does in one of its own is the same. */
export const unpacker: LayerUnpacker = { run: (job) => unpackJob(job, silentLogger) };

export interface LayerInput {
  readonly mediaType: string;
  readonly bytes: Buffer;
  /** Digest of the archive within. */
  readonly diffId?: Digest;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A file system layer. */
export function tarLayer(entries: readonly TarInput[], compression: "" | "gzip" | "zstd" = "gzip"): LayerInput {
  const archive = tarOf(entries);
  const bytes =
    compression === "gzip" ? gzipSync(archive) : compression === "zstd" ? zstdCompressSync(archive) : archive;
  const suffix = compression === "" ? "" : `+${compression}`;
  return { mediaType: `application/vnd.oci.image.layer.v1.tar${suffix}`, bytes, diffId: digestOf(archive) };
}

export interface ImageInput {
  readonly layers: readonly LayerInput[];
  readonly configType?: string;
  readonly config?: object;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Puts an image into the store as a pull would; answers the digest of its manifest. */
export async function storeImage(store: ContentStore, image: ImageInput): Promise<Digest> {
  const put = async (bytes: Buffer, mediaType: string): Promise<Descriptor> => ({
    mediaType,
    digest: await store.blobs.put(bytes),
    size: bytes.length,
  });
  const layers: Descriptor[] = [];
  for (const { bytes, mediaType, annotations } of image.layers)
    layers.push({ ...(await put(bytes, mediaType)), ...(annotations === undefined ? {} : { annotations }) });
  const rootfs = {
    type: "layers",
    diff_ids: image.layers.flatMap(({ diffId }) => (diffId === undefined ? [] : [diffId])),
  };
  const config = await put(
    Buffer.from(JSON.stringify({ ...(rootfs.diff_ids.length === 0 ? {} : { rootfs }), ...image.config })),
    image.configType ?? "application/vnd.oci.image.config.v1+json",
  );
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: ociManifestType,
      ...(image.artifactType === undefined ? {} : { artifactType: image.artifactType }),
      config,
      layers,
      ...(image.annotations === undefined ? {} : { annotations: image.annotations }),
    }),
  );
  const { digest } = await put(manifest, ociManifestType);
  const references = [config, ...layers].map((child, index) => [`${contentReferenceLabel}.${index}`, child.digest]);
  await store.blobs.setLabels(digest, Object.fromEntries(references));
  await store.images.put({
    name: `registry.example/${digest.slice(7, 15)}:1`,
    digest,
    mediaType: ociManifestType,
    manifestDigest: digest,
    configDigest: config.digest,
    sizeBytes: 1,
  });
  return digest;
}

/** Puts an index into the store. */
export async function storeIndex(store: ContentStore, manifests: readonly object[]): Promise<Digest> {
  return store.blobs.put(Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: ociIndexType, manifests })));
}
