import { open } from "node:fs/promises";
import { ContentError } from "./errors.ts";

/** A core module, or a component of the component model. */
export type WasmKind = "module" | "component";

const windowBytes = 64 * 1024;
const maxSections = 100_000;
const magic = 0x6d736100;

/** What a binary is, found out without compiling it. */
export interface WasmInspection {
  readonly kind: WasmKind;
  readonly sizeBytes: number;
  /** Sections in order: where their content is. */
  readonly sections: readonly { readonly id: number; readonly offset: number; readonly sizeBytes: number }[];
}

/** Reads up to `length` bytes at an offset; fewer only at the end. */
export type ByteReader = (offset: number, length: number) => Promise<Buffer>;

/**
 * Tells a module from a component by its preamble, and walks the sections to see that the binary is whole.
 *
 * Throws `ContentError` of code `NotWasm`, `TruncatedModule` or `Unsupported` (a version nobody knows); `name` is for its
 * message. The content of sections is not checked.
 * @see https://webassembly.github.io/spec/core/binary/modules.html
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md
 */
export async function inspectWasm(read: ByteReader, sizeBytes: number, name: string): Promise<WasmInspection> {
  const reader = new WindowReader(read, sizeBytes);
  const kind = await readPreamble(reader, name);
  return { kind, sizeBytes, sections: await walkSections(reader, name) };
}

/** `inspectWasm` of a file. */
export async function inspectWasmFile(path: string, name: string): Promise<WasmInspection> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const read = async (offset: number, length: number) => {
      const buffer = Buffer.alloc(length);
      const { bytesRead } = await handle.read(buffer, 0, length, offset);
      return buffer.subarray(0, bytesRead);
    };
    return await inspectWasm(read, size, name);
  } finally {
    await handle.close();
  }
}

async function readPreamble(reader: WindowReader, name: string): Promise<WasmKind> {
  const head = await reader.peek(0, 8);
  if (head.length < 4 || head.readUInt32LE(0) !== magic) throw notWasm(head, name);
  if (head.length < 8) throw truncated(name, reader.sizeBytes);
  const version = head.readUInt16LE(4);
  const layer = head.readUInt16LE(6);
  if (version === 1 && layer === 0) return "module";
  if (version === 0x0d && layer === 1) return "component";
  throw new ContentError(
    "Unsupported",
    `${name} is WebAssembly of version ${version}, layer ${layer}; expected a module (version 1) or a component (version 13, layer 1)`,
  );
}

function notWasm(head: Buffer, name: string): ContentError {
  if (head.length === 0) return new ContentError("NotWasm", `${name} is no WebAssembly; it is empty`);
  const isText = head.every((byte) => byte >= 0x09 && byte < 0x7f);
  const shown = isText ? JSON.stringify(head.toString("latin1")) : head.toString("hex");
  return new ContentError("NotWasm", `${name} is no WebAssembly; it starts with ${shown}${describeMagic(head)}`);
}

function describeMagic(head: Buffer): string {
  if (head.readUInt8(0) === 0x7f && head.toString("latin1", 1, 4) === "ELF") return " (a Linux program)";
  if (head.toString("latin1", 0, 2) === "#!") return " (a script)";
  if (head.toString("latin1", 0, 7).startsWith("(module") || head.toString("latin1", 0, 2) === "(c")
    return " (WebAssembly text; compile it to the binary format first)";
  if (head.readUInt8(0) === 0x1f && head.length > 1 && head.readUInt8(1) === 0x8b) return " (gzip data)";
  return "";
}

async function walkSections(reader: WindowReader, name: string): Promise<WasmInspection["sections"]> {
  const sections: { id: number; offset: number; sizeBytes: number }[] = [];
  for (let at = 8; at < reader.sizeBytes; ) {
    if (sections.length === maxSections)
      throw new ContentError("TooLarge", `${name} has more than ${maxSections} sections`);
    const header = await reader.peek(at, 6);
    const size = readUnsigned(header.subarray(1));
    if (size === undefined) throw truncated(name, reader.sizeBytes);
    const offset = at + 1 + size.length;
    at = offset + size.value;
    if (at > reader.sizeBytes) throw truncated(name, reader.sizeBytes);
    sections.push({ id: header.readUInt8(0), offset, sizeBytes: size.value });
  }
  return sections;
}

/** An unsigned 32-bit number in LEB128. */
export function readUnsigned(bytes: Buffer): { value: number; length: number } | undefined {
  let value = 0;
  for (const [index, byte] of bytes.entries()) {
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, length: index + 1 };
    if (index === 4) return undefined;
  }
  return undefined;
}

function truncated(name: string, sizeBytes: number): ContentError {
  return new ContentError(
    "TruncatedModule",
    `${name} is no complete WebAssembly: its sections do not end where the file does, at ${sizeBytes} bytes`,
  );
}

/** Small reads at growing positions, from larger ones of the source. */
class WindowReader {
  readonly sizeBytes: number;
  readonly #read: ByteReader;
  #window: Buffer = Buffer.alloc(0);
  #start = 0;

  constructor(read: ByteReader, sizeBytes: number) {
    this.#read = read;
    this.sizeBytes = sizeBytes;
  }

  /** Up to `length` bytes; fewer at the end. */
  async peek(at: number, length: number): Promise<Buffer> {
    const end = Math.min(at + length, this.sizeBytes);
    const inside = at >= this.#start && end <= this.#start + this.#window.length;
    if (!inside) {
      this.#window = await this.#read(at, Math.min(windowBytes, Math.max(0, this.sizeBytes - at)));
      this.#start = at;
    }
    return this.#window.subarray(at - this.#start, at - this.#start + length);
  }
}
