const encoder = new TextEncoder();

/** Wire types of protobuf that proto3 uses. */
export const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Appends protobuf fields to a growing buffer. */
export class WireWriter {
  #buffer: Uint8Array = new Uint8Array(128);
  #length = 0;

  /** What was written so far; a view that later writes may change. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  tag(field: number, wireType: number): void {
    this.varint(BigInt(field * 8 + wireType));
  }

  /** An integer as a varint; negative ones take ten bytes, as proto3 demands of `int32` and `int64`. */
  varint(value: bigint): void {
    let rest = BigInt.asUintN(64, value);
    this.#reserve(10);
    while (rest > 0x7fn) {
      this.#buffer[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#buffer[this.#length++] = Number(rest);
  }

  /** A length-delimited field's length and content. */
  lengthDelimited(content: Uint8Array): void {
    this.varint(BigInt(content.length));
    this.#reserve(content.length);
    this.#buffer.set(content, this.#length);
    this.#length += content.length;
  }

  string(value: string): void {
    this.lengthDelimited(encoder.encode(value));
  }

  #reserve(sizeBytes: number): void {
    const needed = this.#length + sizeBytes;
    if (needed <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
}
