import { InvalidModuleError } from "../errors.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads the encodings of the WebAssembly binary format (section 5 of the core specification) from a part of a module. */
export class BinaryReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #offset: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#offset = start;
    this.#end = end;
  }

  get offset(): number {
    return this.#offset;
  }

  get atEnd(): boolean {
    return this.#offset === this.#end;
  }

  /** Throws `InvalidModuleError` naming the place. */
  fail(what: string): never {
    throw new InvalidModuleError(`Cannot read the module: ${what} at byte ${this.#offset}`);
  }

  byte(): number {
    const value = this.#offset < this.#end ? this.#bytes[this.#offset] : undefined;
    if (value === undefined) this.fail("it is cut off");
    this.#offset += 1;
    return value;
  }

  skip(length: number): void {
    if (length > this.#end - this.#offset) this.fail("it is cut off");
    this.#offset += length;
  }

  u32(): number {
    const value = this.#leb(32);
    return Number(value);
  }

  u64(): bigint {
    return this.#leb(64);
  }

  /** A signed LEB128 of at most `bits` bits, skipped. */
  skipSigned(bits: number): void {
    for (let index = 0; index < Math.ceil(bits / 7); index++) {
      if (this.byte() < 0x80) return;
    }
    this.fail("a number is too long");
  }

  name(): string {
    const length = this.u32();
    const start = this.#offset;
    this.skip(length);
    try {
      return utf8.decode(this.#bytes.subarray(start, this.#offset));
    } catch {
      return this.fail("a name is no UTF-8");
    }
  }

  /** A reader of the next `length` bytes, which this one then skips. */
  sub(length: number): BinaryReader {
    const start = this.#offset;
    this.skip(length);
    return new BinaryReader(this.#bytes, start, this.#offset);
  }

  #leb(bits: 32 | 64): bigint {
    let value = 0n;
    for (let shift = 0n; shift < BigInt(bits); shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (value >> BigInt(bits) !== 0n) this.fail("a number is too large");
        return value;
      }
    }
    return this.fail("a number is too long");
  }
}
