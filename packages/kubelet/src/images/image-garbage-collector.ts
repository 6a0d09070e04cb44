import { aborted, type Clock, errorMessage, type Logger } from "@wherry/base";
import type { CallOptions, Runtime } from "@wherry/runtime";
import { KubeletError } from "../errors.ts";
import type { EventRecorder } from "../ports/event-recorder.ts";
import { isRuntimeNotFound } from "../standard/runtime-errors.ts";
import { type FilesystemSpace, filesystemSpace } from "./filesystem-space.ts";
import type { ImageAccess } from "./image-access.ts";
import { type ImageRecord, ImageRecords } from "./image-records.ts";

/** When images are removed; fields of `KubeletConfiguration`. */
export interface ImageGarbagePolicy {
  /** Use of the image file system from which on images are removed; 100 never. */
  readonly highThresholdPercent: number;
  /** Use down to which images are removed. */
  readonly lowThresholdPercent: number;
  /** How long an image must have been there before it is removed to make room. */
  readonly minimumAgeMs: number;
  /** How long an image may be unused at all; 0 for any time. */
  readonly maximumAgeMs: number;
}

export interface ImageGarbageCollectorOptions {
  readonly runtime: {
    readonly images: Pick<Runtime["images"], "listImages" | "imageStatus" | "removeImage" | "imageFilesystemUsage">;
    listContainers: Runtime["listContainers"];
    containerStatus: Runtime["containerStatus"];
  };
  readonly policy: ImageGarbagePolicy;
  /** What is remembered of images that are gone goes too. */
  readonly access?: Pick<ImageAccess, "prune"> | undefined;
  readonly nodeName: string;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly logger: Logger;
  /** @default what the operating system says */
  readonly filesystemSpace?: ((mountpoint: string) => Promise<FilesystemSpace>) | undefined;
}

const periodMs = 5 * 60_000;

/**
 * Removes images that no container uses: those unused for too long, and, where the image file system is full, those that were not
 * used for longest, until there is room again. An image of any container, running or not, stays, be it its own or one that it
 * mounts, and so does a pinned one.
 *
 * Thresholds, ages, order and events are those of upstream's kubelet.
 */
export class ImageGarbageCollector {
  readonly #options: ImageGarbageCollectorOptions;
  readonly #records: ImageRecords = new ImageRecords();
  #startedMs = 0;
  #isFirstLook = true;
  #failures = 0;

  constructor(options: ImageGarbageCollectorOptions) {
    this.#options = options;
  }

  /** Collects every five minutes until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, policy, logger } = this.#options;
    this.#startedMs = clock.now();
    if (policy.highThresholdPercent === 100 && policy.maximumAgeMs === 0) {
      logger.debug("Images are never removed: imageGCHighThresholdPercent is 100 and imageMaximumGCAge is 0");
      await aborted(signal);
      return;
    }
    while (!signal.aborted) {
      await this.#attempt(signal);
      await clock.sleep(periodMs, signal).catch(() => undefined);
    }
  }

  async #attempt(signal: AbortSignal): Promise<void> {
    try {
      // The first look only learns what there is.
      if (this.#isFirstLook) await this.#look(0, { signal });
      else await this.#collect({ signal });
      this.#isFirstLook = false;
      this.#failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      const message = errorMessage(error);
      this.#options.logger.warn("Cannot collect unused images", { error: message });
      // A single failure may be one of a runtime that has just started.
      if (++this.#failures > 1) this.#warn("ImageGCFailed", message);
    }
  }

  async #look(nowMs: number, call: CallOptions): Promise<ImageRecord[]> {
    const { runtime } = this.#options;
    // Containers last: one that is created meanwhile counts.
    const images = await runtime.images.listImages(call);
    const used = new Set<string>();
    for (const reference of await this.#references(call)) {
      const image = await runtime.images.imageStatus({ image: reference }, call);
      if (image !== undefined) used.add(image.id);
    }
    this.#records.detect(images, used, nowMs);
    return this.#records.unused(used);
  }

  /** What containers call the images they are made from and the ones they mount. */
  async #references(call: CallOptions): Promise<Set<string>> {
    const { runtime } = this.#options;
    const references = new Set<string>();
    for (const { id, imageRef } of await runtime.listContainers({}, call)) {
      references.add(imageRef);
      try {
        for (const { image } of (await runtime.containerStatus(id, call)).mounts)
          if (image !== undefined) references.add(image.image);
      } catch (error) {
        // It was removed meanwhile.
        if (!isRuntimeNotFound(error)) throw error;
      }
    }
    return references;
  }

  async #collect(call: CallOptions): Promise<void> {
    const { clock, policy } = this.#options;
    const nowMs = clock.now();
    const failures: string[] = [];
    const unused = await this.#removeOld(await this.#look(nowMs, call), nowMs, failures, call);
    const { capacityBytes, availableBytes } = await this.#space(call);
    const usedPercent = 100 - Math.floor((availableBytes * 100) / capacityBytes);
    if (usedPercent >= policy.highThresholdPercent) {
      const wantedBytes = Math.floor((capacityBytes * (100 - policy.lowThresholdPercent)) / 100) - availableBytes;
      this.#options.logger.info("The image file system is full, removing unused images", { usedPercent, wantedBytes });
      await this.#makeRoom(unused, wantedBytes, nowMs, failures, call);
    }
    await this.#options.access?.prune(this.#options.runtime.images, call);
    if (failures.length > 0) throw new KubeletError("ImageGCFailed", failures.join("; "));
  }

  /** Answers those that stay. */
  async #removeOld(
    unused: readonly ImageRecord[],
    nowMs: number,
    failures: string[],
    call: CallOptions,
  ): Promise<ImageRecord[]> {
    const { maximumAgeMs } = this.#options.policy;
    // What was used before this kubelet started is not known, so that all images count as used then.
    if (maximumAgeMs === 0 || nowMs - this.#startedMs <= maximumAgeMs) return [...unused];
    const kept: ImageRecord[] = [];
    for (const record of unused) {
      const isOld = nowMs - Math.max(record.lastUsedMs, record.firstDetectedMs) > maximumAgeMs;
      if (!isOld || !(await this.#remove(record, "age", failures, call))) kept.push(record);
    }
    return kept;
  }

  async #makeRoom(
    unused: readonly ImageRecord[],
    wantedBytes: number,
    nowMs: number,
    failures: string[],
    call: CallOptions,
  ): Promise<void> {
    let freedBytes = 0;
    for (const record of unused) {
      if (freedBytes >= wantedBytes) break;
      if (nowMs - record.firstDetectedMs < this.#options.policy.minimumAgeMs) continue;
      if (await this.#remove(record, "space", failures, call)) freedBytes += record.image.sizeBytes;
    }
    if (freedBytes >= wantedBytes) return;
    const message = `Failed to garbage collect required amount of images. Attempted to free ${wantedBytes} bytes, but only found ${freedBytes} bytes eligible to free.`;
    this.#warn("FreeDiskSpaceFailed", message);
    failures.push(message);
  }

  async #remove({ image }: ImageRecord, reason: string, failures: string[], call: CallOptions): Promise<boolean> {
    const names = [...image.repoTags, ...image.repoDigests].slice(0, 5).join(", ");
    try {
      await this.#options.runtime.images.removeImage({ image: image.id }, call);
      this.#options.logger.info("Removed an unused image", {
        image: image.id,
        names,
        sizeBytes: image.sizeBytes,
        reason,
      });
      return true;
    } catch (error) {
      call.signal?.throwIfAborted();
      failures.push(`Cannot remove image "${names || image.id}": ${errorMessage(error)}`);
      return false;
    }
  }

  async #space(call: CallOptions): Promise<FilesystemSpace> {
    const [usage] = await this.#options.runtime.images.imageFilesystemUsage(call);
    if (usage === undefined) throw new KubeletError("ImageGCFailed", "The runtime names no image file system");
    const { capacityBytes, availableBytes } = await (this.#options.filesystemSpace ?? filesystemSpace)(
      usage.mountpoint,
    );
    if (capacityBytes <= 0) {
      const message = `invalid capacity ${capacityBytes} on image filesystem`;
      this.#warn("InvalidDiskCapacity", message);
      throw new KubeletError("ImageGCFailed", message);
    }
    return { capacityBytes, availableBytes: Math.min(availableBytes, capacityBytes) };
  }

  #warn(reason: string, message: string): void {
    const { events, nodeName } = this.#options;
    events.event({ kind: "Node", node: { metadata: { name: nodeName } } }, { type: "Warning", reason, message });
  }
}
