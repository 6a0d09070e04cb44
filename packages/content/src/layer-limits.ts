import { ContentError } from "./errors.ts";

export interface UnpackLimits {
  /** Bytes of all layers, uncompressed. @default 16 GiB */
  readonly maxBytes?: number;
  /** Files, directories and links of all layers. @default 1_000_000 */
  readonly maxEntries?: number;
}

/** Counts what layers unpack to, so that a small image cannot fill the disk. */
export class UnpackBudget {
  readonly #maxBytes: number;
  readonly #maxEntries: number;
  #bytes = 0;
  #entries = 0;

  constructor({ maxBytes = 16 * 1024 ** 3, maxEntries = 1_000_000 }: UnpackLimits) {
    this.#maxBytes = maxBytes;
    this.#maxEntries = maxEntries;
  }

  get entries(): number {
    return this.#entries;
  }

  countEntry(): void {
    if (++this.#entries > this.#maxEntries)
      throw new ContentError("TooLarge", `The image unpacks to more than ${this.#maxEntries} files`);
  }

  /** Counts bytes of archives, as they come out of decompression. */
  countBytes(count: number): void {
    this.#bytes += count;
    if (this.#bytes > this.#maxBytes)
      throw new ContentError("TooLarge", `The image unpacks to more than ${this.#maxBytes} bytes`);
  }
}
