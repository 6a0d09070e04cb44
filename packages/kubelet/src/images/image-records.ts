import type { Image } from "@wherry/runtime";

/** What is remembered of an image on the node. */
export interface ImageRecord {
  readonly image: Image;
  readonly firstDetectedMs: number;
  /** When a container of it was last seen; 0 for never. */
  readonly lastUsedMs: number;
}

/** When images were seen first and used last: what the runtime does not tell. */
export class ImageRecords {
  readonly #records: Map<string, ImageRecord> = new Map();

  /**
   * Takes in what is there now; images that are gone are forgotten.
   *
   * @param nowMs 0 for the first look, which cannot tell how long the images have been there
   */
  detect(images: readonly Image[], usedIds: ReadonlySet<string>, nowMs: number): void {
    const present = new Set(images.map(({ id }) => id));
    for (const id of this.#records.keys()) if (!present.has(id)) this.#records.delete(id);
    for (const image of images) {
      const { firstDetectedMs = nowMs, lastUsedMs = 0 } = this.#records.get(image.id) ?? {};
      this.#records.set(image.id, { image, firstDetectedMs, lastUsedMs: usedIds.has(image.id) ? nowMs : lastUsedMs });
    }
  }

  /** Images that may go, those first that were not used for longest, and of those the ones that were there first. */
  unused(usedIds: ReadonlySet<string>): ImageRecord[] {
    return [...this.#records.values()]
      .filter(({ image }) => !image.pinned && !usedIds.has(image.id))
      .sort((a, b) => a.lastUsedMs - b.lastUsedMs || a.firstDetectedMs - b.firstDetectedMs);
  }
}
