import { errorMessage, raceAbort } from "@wherry/base";
import type { ContainerImage } from "@wherry/kubernetes";
import type { Image } from "@wherry/runtime";
import type { NodeAgentOptions } from "./node-agent-options.ts";

const maxNamesPerImage = 5;
const listTimeoutMs = 2_000;

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

/**
 * The images of the node for its status; `last` where they cannot be listed within 2 s, because that must not stop the
 * heartbeat.
 */
export async function listNodeImages(
  options: Pick<NodeAgentOptions, "images" | "statusMaxImages" | "clock" | "logger">,
  last: readonly ContainerImage[],
  signal: AbortSignal | undefined,
): Promise<readonly ContainerImage[]> {
  const { images, statusMaxImages, clock, logger } = options;
  if (images === undefined) return [];
  const timeout = new AbortController();
  const cancel = clock.setTimer(listTimeoutMs, () => timeout.abort(new Error("the runtime did not answer in time")));
  const combined = signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal]);
  try {
    return nodeImages(await raceAbort(images({ signal: combined }), combined), statusMaxImages);
  } catch (error) {
    logger.warn("Cannot list images for the node's status", { error: errorMessage(error) });
    return last;
  } finally {
    cancel();
  }
}
