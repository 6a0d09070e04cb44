import { ContentError } from "./errors.ts";

export const tarBlockBytes = 512;

/** One 512-byte header as it stands, before extended headers change it. */
export interface TarHeader {
  readonly name: string;
  readonly linkName: string;
  readonly type: string;
  readonly mode: number;
  readonly sizeBytes: number;
  readonly mtimeSeconds: number;
}

export function invalidArchive(problem: string): ContentError {
  return new ContentError("InvalidArchive", `Invalid tar archive: ${problem}`);
}

/**
 * Reads a header of the v7, ustar and GNU formats (POSIX.1-1988, pax of POSIX.1-2001); undefined for the block of zeros that
 * ends an archive. Throws `ContentError` of code `InvalidArchive`.
 */
export function parseTarHeader(block: Buffer): TarHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  checkSum(block);
  const magic = block.toString("latin1", 257, 263);
  const isUstar = magic === "ustar\0";
  const prefix = isUstar ? readText(block, 345, 155) : "";
  const name = readText(block, 0, 100);
  const sizeBytes = readNumber(block, 124, 12, "size");
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    linkName: readText(block, 157, 100),
    type: block.toString("latin1", 156, 157),
    mode: readNumber(block, 100, 8, "mode"),
    sizeBytes,
    mtimeSeconds: readNumber(block, 136, 12, "mtime"),
  };
}

function checkSum(block: Buffer): void {
  const expected = readNumber(block, 148, 8, "checksum");
  let unsigned = 0;
  let signed = 0;
  for (let at = 0; at < tarBlockBytes; at++) {
    // The checksum field itself counts as spaces.
    const byte = at >= 148 && at < 156 ? 0x20 : block.readUInt8(at);
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  // Some old programs summed signed characters.
  if (expected !== unsigned && expected !== signed) throw invalidArchive("a header has a wrong checksum");
}

/** Bytes up to the first NUL; throws for what is no UTF-8. */
export function readText(block: Buffer, offset: number, length: number): string {
  const field = block.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return decodeText(end < 0 ? field : field.subarray(0, end));
}

export function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new ContentError("InvalidArchive", "Invalid tar archive: a name is no UTF-8", { cause: error });
  }
}

/** An octal number, or a binary one where the first bit is set (GNU). */
function readNumber(block: Buffer, offset: number, length: number, what: string): number {
  if (block.readUInt8(offset) & 0x80) return readBinaryNumber(block, offset, length, what);
  const text = block
    .toString("latin1", offset, offset + length)
    .replace(/[\0 ]+$/, "")
    .replace(/^[\0 ]+/, "");
  if (!/^[0-7]*$/.test(text)) throw invalidArchive(`a header has the ${what} ${JSON.stringify(text)}`);
  return text === "" ? 0 : Number.parseInt(text, 8);
}

function readBinaryNumber(block: Buffer, offset: number, length: number, what: string): number {
  const field = Buffer.from(block.subarray(offset, offset + length));
  const negative = (field.readUInt8(0) & 0x40) !== 0;
  field.writeUInt8(negative ? field.readUInt8(0) : field.readUInt8(0) & 0x7f, 0);
  const raw = BigInt(`0x${field.toString("hex")}`);
  const value = Number(negative ? BigInt.asIntN(field.length * 8, raw) : raw);
  // Times before 1970 are legal; nothing else can be negative.
  if (!Number.isSafeInteger(value) || (value < 0 && what !== "mtime"))
    throw invalidArchive(`a header has a ${what} out of range`);
  return value;
}
