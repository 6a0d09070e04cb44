import { RpcError } from "../errors.ts";
import { wireTypes } from "./writer.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Reads protobuf fields one after the other; throws `RpcError` of code `InvalidArgument` on malformed bytes. */
export class WireReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  /** Field number and wire type of the next field. */
  tag(): { field: number; wireType: number } {
    const tag = Number(this.varint());
    const field = Math.floor(tag / 8);
    if (field === 0 || tag > 0xffff_ffff) throw malformed(`field number ${field}`);
    return { field, wireType: tag % 8 };
  }

  varint(): bigint {
    let result = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#offset++];
      if (byte === undefined) throw malformed("message ends within a number");
      result |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, result);
    }
    throw malformed("number of more than ten bytes");
  }

  /** Content of a length-delimited field; a view of the message. */
  lengthDelimited(): Uint8Array {
    const length = Number(this.varint());
    const end = this.#offset + length;
    if (end > this.#bytes.length)
      throw malformed(`field of ${length} bytes, ${this.#bytes.length - this.#offset} left`);
    const content = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return content;
  }

  string(): string {
    const content = this.lengthDelimited();
    try {
      return decoder.decode(content);
    } catch (error) {
      throw malformed("string that is not UTF-8", error);
    }
  }

  /** Passes over the content of a field that is not known. */
  skip(wireType: number): void {
    if (wireType === wireTypes.varint) this.varint();
    else if (wireType === wireTypes.bytes) this.lengthDelimited();
    else if (wireType === wireTypes.fixed64) this.#offset += 8;
    else if (wireType === wireTypes.fixed32) this.#offset += 4;
    else throw malformed(`wire type ${wireType}`);
    if (this.#offset > this.#bytes.length) throw malformed("message ends within a field");
  }
}

function malformed(found: string, cause?: unknown): RpcError {
  return new RpcError("InvalidArgument", `Cannot decode protobuf message: ${found}`, { cause });
}
