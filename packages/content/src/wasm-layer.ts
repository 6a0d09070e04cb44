import { basename } from "node:path";
import type { Descriptor } from "@wherry/distribution";
import { ContentError } from "./errors.ts";
import type { StoredImage } from "./stored-image.ts";
import { isWasmConfigType, isWasmLayerType } from "./wasm-media-types.ts";

/**
 * The layer that is the module as it is, in an image that is only a module; undefined for one with a file system.
 *
 * Throws `ContentError` of code `Unsupported` for an artifact of more than a module.
 */
export function wasmLayerOf({ manifest }: StoredImage): Descriptor | undefined {
  const { layers, config, artifactType = "" } = manifest;
  const isArtifact = isWasmConfigType(config.mediaType) || isWasmConfigType(artifactType);
  const layer = layers.find(({ mediaType }) => isWasmLayerType(mediaType));
  if (layer === undefined && !isArtifact) return undefined;
  if (layer !== undefined && layers.length === 1) return layer;
  const found = layers.map(({ mediaType }) => mediaType).join(", ") || "none";
  throw new ContentError(
    "Unsupported",
    `a WebAssembly artifact must have exactly one layer, the module; it has: ${found}`,
  );
}

/** Name of the file a layer was made from, where its publisher says. */
export function titleOf(layer: Descriptor): string | undefined {
  const title = layer.annotations?.["org.opencontainers.image.title"];
  return title === undefined || title === "" ? undefined : basename(title);
}
