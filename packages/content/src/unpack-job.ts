import { createReadStream } from "node:fs";
import type { Logger } from "@wherry/base";
import type { Digest } from "@wherry/distribution";
import { addContext } from "./errors.ts";
import { decompressLayer, type LayerCompression } from "./layer-decompression.ts";
import { UnpackBudget, type UnpackLimits } from "./layer-limits.ts";
import { LayerWriter } from "./layer-writer.ts";
import type { WrittenSnapshot } from "./snapshots.ts";

export interface UnpackLayer {
  readonly digest: Digest;
  /** The blob's file. */
  readonly path: string;
  readonly compression: LayerCompression;
  readonly diffId: Digest;
}

/** Layers to be written into a directory, one after the other; plain data, so that it can go to another thread. */
export interface UnpackJob {
  /** Exists, is empty, and nobody else writes to it. */
  readonly root: string;
  readonly layers: readonly UnpackLayer[];
  readonly limits: UnpackLimits;
}

/** Does the job on this thread, waiting for the disk at every entry; what it wrote stays when it fails. Errors name layer and entry. */
export async function unpackJob({ root, layers, limits }: UnpackJob, logger: Logger): Promise<WrittenSnapshot> {
  const budget = new UnpackBudget(limits);
  using writer = new LayerWriter(root, budget, logger);
  for (const { digest, path, compression, diffId } of layers) {
    const source = createReadStream(path, { highWaterMark: 256 * 1024 });
    try {
      await writer.apply(decompressLayer(source, compression, diffId, budget));
    } catch (error) {
      throw addContext(error, `layer ${digest}`);
    }
  }
  const isDurable = writer.finish();
  return { sizeBytes: writer.fileBytes, entries: budget.entries, isDurable };
}
