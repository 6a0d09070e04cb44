import { pipeline, type Readable, type Transform } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { type Digest, Digester, digestAlgorithm } from "@wherry/distribution";
import { ContentError } from "./errors.ts";
import type { UnpackBudget } from "./layer-limits.ts";
import { invalidArchive } from "./tar-header.ts";

export type LayerCompression = "none" | "gzip" | "zstd";

const compressions: ReadonlyMap<string, LayerCompression> = new Map([
  ["application/vnd.oci.image.layer.v1.tar", "none"],
  ["application/vnd.oci.image.layer.v1.tar+gzip", "gzip"],
  ["application/vnd.oci.image.layer.v1.tar+zstd", "zstd"],
  ["application/vnd.oci.image.layer.nondistributable.v1.tar", "none"],
  ["application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", "gzip"],
  ["application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", "zstd"],
  ["application/vnd.docker.image.rootfs.diff.tar", "none"],
  ["application/vnd.docker.image.rootfs.diff.tar.gzip", "gzip"],
  ["application/vnd.docker.image.rootfs.diff.tar.zstd", "zstd"],
  ["application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "gzip"],
]);

/** Compression of a file system layer by its media type; undefined for what is no such layer. */
export function layerCompression(mediaType: string): LayerCompression | undefined {
  return compressions.get(mediaType);
}

/**
 * The tar archive of a compressed layer, counted against `budget` and, at its end, checked against its diff ID.
 *
 * Throws `ContentError`: `InvalidArchive` for damaged data, `DigestMismatch` for another content than the image's
 * configuration names, `TooLarge`.
 */
export async function* decompressLayer(
  source: Readable,
  compression: LayerCompression,
  diffId: Digest,
  budget: UnpackBudget,
): AsyncGenerator<Uint8Array, void, undefined> {
  const digester = new Digester(digestAlgorithm(diffId));
  const archive: Readable =
    compression === "none" ? source : pipeline(source, decompressor(compression), () => undefined);
  try {
    for await (const chunk of archive as AsyncIterable<Buffer>) {
      budget.countBytes(chunk.length);
      digester.update(chunk);
      yield chunk;
    }
  } catch (error) {
    throw isDataError(error)
      ? Object.assign(invalidArchive(`its ${compression} data is damaged`), { cause: error })
      : error;
  } finally {
    source.destroy();
  }
  const found = digester.digest();
  if (found !== diffId)
    throw new ContentError(
      "DigestMismatch",
      `A layer unpacks to ${found}, but the image's configuration names ${diffId}`,
    );
}

function decompressor(compression: "gzip" | "zstd"): Transform {
  const options = { chunkSize: 256 * 1024 };
  return compression === "gzip" ? createGunzip(options) : createZstdDecompress(options);
}

function isDataError(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return code.startsWith("Z_") || code.startsWith("ZSTD_") || code === "ERR_TRAILING_JUNK_AFTER_STREAM_END";
}
