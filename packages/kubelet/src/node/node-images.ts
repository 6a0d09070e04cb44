import type { ContainerImage } from "@wherry/kubernetes";
import type { Image } from "@wherry/runtime";

const maxNamesPerImage = 5;

/**
 * The images to report in the node's status: the largest first, at most `maxImages` (-1 for no limit) with at most 5 names
 * each, digests before tags; images without a name are left out.
 */
export function nodeImages(images: readonly Image[], maxImages: number): ContainerImage[] {
  const named = images
    .map((image) => ({ names: [...image.repoDigests, ...image.repoTags], sizeBytes: image.sizeBytes }))
    .filter((image) => image.names.length > 0)
    .sort((a, b) => b.sizeBytes - a.sizeBytes || compare(a.names[0] ?? "", b.names[0] ?? ""));
  const kept = maxImages < 0 ? named : named.slice(0, maxImages);
  return kept.map(({ names, sizeBytes }) => ({ names: names.slice(0, maxNamesPerImage), sizeBytes }));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
