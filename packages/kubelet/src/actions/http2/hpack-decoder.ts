import { ActionError } from "../../errors.ts";
import { decodeHuffman } from "./huffman.ts";
import { staticTable } from "./static-table.ts";

export type HeaderField = readonly [name: string, value: string];

/** What a table holds unless a client asks for another size, which this one does not. */
const maxTableBytes = 4096;
/** Each field of a table or list counts its text and this much. */
const fieldOverheadBytes = 32;
/** Of one block of headers, decoded. */
const maxListBytes = 16 * 1024;
/** Far more than any length or index that fits into a block. */
const maxInteger = 1 << 24;

/** Decodes the header blocks of one connection, one after another (RFC 7541), within fixed bounds. */
export class HpackDecoder {
  #table: HeaderField[] = [];
  #tableBytes = 0;
  #tableLimit = maxTableBytes;
  #block: Buffer = Buffer.alloc(0);
  #at = 0;

  /** @throws ActionError of code `Failed` for what is no block of headers, or too much */
  decode(block: Buffer): HeaderField[] {
    this.#block = block;
    this.#at = 0;
    const fields: HeaderField[] = [];
    let listBytes = 0;
    while (this.#at < block.length) {
      const field = this.#representation(fields.length === 0);
      if (field === undefined) continue;
      listBytes += sizeOf(field);
      if (listBytes > maxListBytes) throw malformed(`header list has more than ${maxListBytes} bytes`);
      fields.push(field);
    }
    return fields;
  }

  #representation(isFirst: boolean): HeaderField | undefined {
    const byte = this.#block[this.#at] ?? 0;
    if (byte >= 0x80) return this.#indexed(this.#integer(7));
    if (byte >= 0x40) {
      const field = this.#literal(6);
      this.#remember(field);
      return field;
    }
    // Never indexed, or not indexed this time: the same to one who only reads.
    if (byte < 0x20) return this.#literal(4);
    const limit = this.#integer(5);
    if (!isFirst || limit > maxTableBytes) throw malformed("dynamic table size update");
    this.#tableLimit = limit;
    this.#evict();
    return undefined;
  }

  #literal(prefixBits: number): HeaderField {
    const index = this.#integer(prefixBits);
    const name = index === 0 ? this.#string() : this.#indexed(index)[0];
    return [name, this.#string()];
  }

  #indexed(index: number): HeaderField {
    const field = index <= staticTable.length ? staticTable[index - 1] : this.#table[index - staticTable.length - 1];
    if (field === undefined) throw malformed(`invalid indexed representation index ${index}`);
    return field;
  }

  #remember(field: HeaderField): void {
    this.#table.unshift(field);
    this.#tableBytes += sizeOf(field);
    this.#evict();
  }

  #evict(): void {
    while (this.#tableBytes > this.#tableLimit) {
      const oldest = this.#table.pop();
      if (oldest === undefined) return;
      this.#tableBytes -= sizeOf(oldest);
    }
  }

  #integer(prefixBits: number): number {
    const most = (1 << prefixBits) - 1;
    let value = this.#byte() & most;
    if (value < most) return value;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (value > maxInteger) throw malformed("integer overflow");
      if (byte < 0x80) return value;
      if (scale > maxInteger) throw malformed("integer overflow");
    }
  }

  #string(): string {
    const isHuffman = ((this.#block[this.#at] ?? 0) & 0x80) !== 0;
    const length = this.#integer(7);
    const bytes = this.#block.subarray(this.#at, this.#at + length);
    if (bytes.length < length) throw malformed("truncated headers");
    this.#at += length;
    return isHuffman ? decodeHuffman(bytes) : bytes.toString("latin1");
  }

  #byte(): number {
    const byte = this.#block[this.#at++];
    if (byte === undefined) throw malformed("truncated headers");
    return byte;
  }
}

function sizeOf([name, value]: HeaderField): number {
  return name.length + value.length + fieldOverheadBytes;
}

function malformed(what: string): ActionError {
  return new ActionError("Failed", `hpack: ${what}`);
}
