import type { Descriptor } from "./descriptor.ts";
import { Errno, errnoSignal } from "./errno.ts";

/** The open descriptors of one guest, with the lowest free number first, as POSIX has it. */
export class DescriptorTable {
  readonly #entries: (Descriptor | undefined)[] = [];
  readonly #limit: number;
  #count = 0;
  /** No number below it is free. */
  #lowestFree = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** EBADF for a number that is not open. */
  get(fd: number): Descriptor {
    const entry = this.#entries[fd >>> 0];
    if (entry === undefined) throw errnoSignal(Errno.badf);
    return entry;
  }

  /** Throws EMFILE when the guest has as many descriptors as it may. */
  checkRoom(): void {
    if (this.#count >= this.#limit) throw errnoSignal(Errno.mfile);
  }

  add(descriptor: Descriptor): number {
    this.checkRoom();
    let fd = this.#lowestFree;
    while (this.#entries[fd] !== undefined) fd++;
    this.#entries[fd] = descriptor;
    this.#lowestFree = fd + 1;
    this.#count++;
    return fd;
  }

  close(fd: number): void {
    const descriptor = this.get(fd);
    const index = fd >>> 0;
    this.#entries[index] = undefined;
    this.#count--;
    if (index < this.#lowestFree) this.#lowestFree = index;
    descriptor.close();
  }

  /** Moves `from` to `to`, closing what was there; both must be open. */
  renumber(from: number, to: number): void {
    const moved = this.get(from);
    const replaced = this.get(to);
    if (moved === replaced) return;
    this.#entries[to >>> 0] = moved;
    this.#entries[from >>> 0] = undefined;
    this.#count--;
    if (from >>> 0 < this.#lowestFree) this.#lowestFree = from >>> 0;
    replaced.close();
  }

  /** Closes everything; errors go to `onError`, none keeps the rest open. */
  closeAll(onError: (error: unknown) => void): void {
    for (const descriptor of this.#entries.splice(0)) {
      try {
        descriptor?.close();
      } catch (error) {
        onError(error);
      }
    }
    this.#count = 0;
    this.#lowestFree = 0;
  }
}
