import { badRequest } from "../errors.ts";

/** One field of a message as it is on the wire. */
export interface WireField {
  readonly number: number;
  /** A varint, the bytes of a length-delimited field, or a fixed-width number. */
  readonly value: bigint | Buffer | number;
}

/** The fields of a protobuf message in order; throws a 400 ApiError for bytes that are none. */
export function* readFields(bytes: Buffer): Generator<WireField> {
  let offset = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[offset++];
      if (byte === undefined) throw malformed("a number ends early");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw malformed("a number is longer than 64 bits");
  };
  while (offset < bytes.length) {
    const tag = varint();
    const number = Number(tag >> 3n);
    switch (tag & 7n) {
      case 0n:
        yield { number, value: varint() };
        break;
      case 1n:
        if (offset + 8 > bytes.length) throw malformed("a fixed number ends early");
        yield { number, value: bytes.readDoubleLE(offset) };
        offset += 8;
        break;
      case 2n: {
        const length = Number(varint());
        if (length > bytes.length - offset) throw malformed("a field is longer than its message");
        yield { number, value: bytes.subarray(offset, offset + length) };
        offset += length;
        break;
      }
      case 5n:
        if (offset + 4 > bytes.length) throw malformed("a fixed number ends early");
        yield { number, value: bytes.readFloatLE(offset) };
        offset += 4;
        break;
      default:
        throw malformed(`wire type ${tag & 7n} is not in use`);
    }
  }
}

export function malformed(problem: string): Error {
  return badRequest(`the protobuf body cannot be read: ${problem}`);
}
