import { ContentError } from "./errors.ts";

export interface UnpackLimits {
  /** Bytes of all layers, uncompressed. @default 16 GiB */
  readonly maxBytes?: number;
  /** Entries of all layers, and directories made on the way to them. @default 1_000_000 */
  readonly maxEntries?: number;
}

/**
 * Longest path in an image: Linux takes 4,096 bytes (`PATH_MAX`), and the node's own directory stands before it. A longer one
 * could be made handle by handle, but not be removed.
 */
export const maxPathBytes = 3072;
/** Most names of a path in an image. */
export const maxPathNames = 256;
/** Longest name (`NAME_MAX` of Linux). */
export const maxNameBytes = 255;

/** Counts what layers unpack to, so that a small image can fill neither the disk nor the memory. */
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

  /** Counts an entry of an archive, or a directory that none of them names and one of them needs. */
  countEntry(): void {
    if (++this.#entries > this.#maxEntries)
      throw new ContentError(
        "TooLarge",
        `The image unpacks to more than ${this.#maxEntries} files, directories and links`,
      );
  }

  /** Counts bytes of archives, as they come out of decompression. */
  countBytes(count: number): void {
    this.#bytes += count;
    if (this.#bytes > this.#maxBytes)
      throw new ContentError("TooLarge", `The image unpacks to more than ${this.#maxBytes} bytes`);
  }
}
