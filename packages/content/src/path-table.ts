import { hash, randomBytes } from "node:crypto";

/** 32-bit words of a path's identity. */
const words = 4;
const slotBytes = words * 4 + 4 + 8;
const firstCapacity = 1024;

/**
 * What unpacking remembers of the paths of a tree: the layer that made or passed through it last, and the time a directory is to get.
 *
 * A path costs at most 75 bytes, however long it is, and none of them on V8's heap: an archive of a stranger has as many and as
 * long ones as the limits allow. It is known by 128 bits of its digest, salted so that nobody can choose paths that meet in
 * one place of the table.
 */
export class PathTable {
  readonly #salt: string = randomBytes(16).toString("hex");
  readonly #identity: Uint32Array = new Uint32Array(words);
  #slots: Slots = new Slots(firstCapacity);
  #size = 0;

  /** Number of paths. */
  get size(): number {
    return this.#size;
  }

  get byteLength(): number {
    return this.#slots.capacity * slotBytes;
  }

  /** Notes that a layer made a path or passed through it; false where that was known. @param layer from 1 on */
  mark(path: string, layer: number): boolean {
    const at = this.#insert(path);
    if (this.#slots.layers[at] === layer) return false;
    this.#slots.layers[at] = layer;
    return true;
  }

  isMarked(path: string, layer: number): boolean {
    return this.#slots.layers[this.#slots.find(this.#identify(path))] === layer;
  }

  /** Only for paths that are marked. */
  setTime(path: string, seconds: number): void {
    this.#slots.times[this.#slots.find(this.#identify(path))] = seconds;
  }

  time(path: string): number | undefined {
    const seconds = this.#slots.times[this.#slots.find(this.#identify(path))];
    return seconds === undefined || Number.isNaN(seconds) ? undefined : seconds;
  }

  #insert(path: string): number {
    const id = this.#identify(path);
    const at = this.#slots.find(id);
    if (this.#slots.layers[at] !== 0) return at;
    if ((this.#size + 1) * 4 > this.#slots.capacity * 3) {
      this.#slots = this.#slots.doubled();
      return this.#insert(path);
    }
    this.#slots.ids.set(id, at * words);
    this.#size++;
    return at;
  }

  /** Valid until the next call. */
  #identify(path: string): Uint32Array {
    const digest = hash("sha256", this.#salt + path, "buffer");
    for (let word = 0; word < words; word++) this.#identity[word] = digest.readUInt32LE(word * 4);
    return this.#identity;
  }
}

/** Open addressing with linear probing; a slot of layer 0 is free. */
class Slots {
  readonly capacity: number;
  readonly ids: Uint32Array;
  readonly layers: Uint32Array;
  readonly times: Float64Array;

  /** @param capacity a power of two */
  constructor(capacity: number) {
    this.capacity = capacity;
    this.ids = new Uint32Array(capacity * words);
    this.layers = new Uint32Array(capacity);
    this.times = new Float64Array(capacity).fill(Number.NaN);
  }

  /** The slot of a path, or the free one it would get. */
  find(id: Uint32Array): number {
    for (let at = (id[0] ?? 0) % this.capacity; ; at = (at + 1) % this.capacity)
      if (this.layers[at] === 0 || this.#isAt(at, id)) return at;
  }

  #isAt(at: number, id: Uint32Array): boolean {
    for (let word = 0; word < words; word++) if (this.ids[at * words + word] !== id[word]) return false;
    return true;
  }

  doubled(): Slots {
    const larger = new Slots(this.capacity * 2);
    for (let from = 0; from < this.capacity; from++) {
      const layer = this.layers[from] ?? 0;
      if (layer === 0) continue;
      const id = this.ids.subarray(from * words, (from + 1) * words);
      const at = larger.find(id);
      larger.ids.set(id, at * words);
      larger.layers[at] = layer;
      larger.times[at] = this.times[from] ?? Number.NaN;
    }
    return larger;
  }
}
