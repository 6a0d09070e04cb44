import type { DirectoryEntry, DirectoryHandle, DirectoryIterator } from "../files/file-system.ts";

/** Entries kept behind the newest one, for a guest that asks again for those that did not fit its buffer. */
const windowLength = 256;

/**
 * Reads a directory by position, keeping only a window of it: a guest that fills a directory with a million files must
 * not make the host hold them.
 *
 * Positions are `fd_readdir` cookies: 0 is `.`, 1 is `..`, then the entries in the order of the file system. Position 0 and
 * positions behind the window read the directory anew.
 */
export class DirectoryCursor {
  readonly #handle: DirectoryHandle;
  #iterator: DirectoryIterator | undefined;
  #window: DirectoryEntry[] = [];
  #windowStart = 0;

  constructor(handle: DirectoryHandle) {
    this.#handle = handle;
  }

  /** Starts over, so that changes since the last reading are seen. */
  rewind(): void {
    this.close();
    // The inode of the parent is not told: it may lie above what the guest may see.
    const inode = this.#handle.stat().inode;
    this.#window = [
      { name: ".", kind: "directory", inode },
      { name: "..", kind: "directory", inode },
    ];
    this.#windowStart = 0;
  }

  /** The entry at `position`, or undefined beyond the last one. */
  at(position: number): DirectoryEntry | undefined {
    if (this.#window.length === 0 || position < this.#windowStart) this.rewind();
    while (position >= this.#windowStart + this.#window.length) {
      this.#iterator ??= this.#handle.entries();
      const entry = this.#iterator.next();
      if (entry === undefined) return undefined;
      this.#window.push(entry);
      if (this.#window.length >= 2 * windowLength) {
        this.#window.splice(0, windowLength);
        this.#windowStart += windowLength;
      }
    }
    return this.#window[position - this.#windowStart];
  }

  close(): void {
    this.#iterator?.close();
    this.#iterator = undefined;
    this.#window = [];
  }
}
