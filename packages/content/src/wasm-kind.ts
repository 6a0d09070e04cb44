import { type FileHandle, open } from "node:fs/promises";
import { ContentError } from "./errors.ts";

/** A core module, or a component of the component model. */
export type WasmKind = "module" | "component";

const windowBytes = 64 * 1024;
const maxSections = 100_000;
const magic = 0x6d736100;

/**
 * Tells a module from a component by its preamble, and walks the sections to see that the file is whole.
 *
 * Throws `ContentError` of code `NotWasm`, `TruncatedModule` or `Unsupported` (a version nobody knows); `name` is for its
 * message. The content of sections is not checked.
 * @see https://webassembly.github.io/spec/core/binary/modules.html
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md
 */
export async function inspectWasm(path: string, name: string): Promise<{ kind: WasmKind; sizeBytes: number }> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const reader = new WindowReader(handle, size);
    const kind = await readPreamble(reader, name);
    await walkSections(reader, name);
    return { kind, sizeBytes: size };
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

async function walkSections(reader: WindowReader, name: string): Promise<void> {
  let at = 8;
  for (let sections = 0; at < reader.sizeBytes; sections++) {
    if (sections === maxSections) throw new ContentError("TooLarge", `${name} has more than ${maxSections} sections`);
    const header = await reader.peek(at, 6);
    const size = readUnsigned(header.subarray(1));
    if (size === undefined) throw truncated(name, reader.sizeBytes);
    at += 1 + size.length + size.value;
  }
  if (at !== reader.sizeBytes) throw truncated(name, reader.sizeBytes);
}

/** An unsigned 32-bit number in LEB128. */
function readUnsigned(bytes: Buffer): { value: number; length: number } | undefined {
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

/** Small reads at growing positions of a file. */
class WindowReader {
  readonly sizeBytes: number;
  readonly #handle: FileHandle;
  #window: Buffer = Buffer.alloc(0);
  #start = 0;

  constructor(handle: FileHandle, sizeBytes: number) {
    this.#handle = handle;
    this.sizeBytes = sizeBytes;
  }

  /** Up to `length` bytes; fewer at the end of the file. */
  async peek(at: number, length: number): Promise<Buffer> {
    const inside = at >= this.#start && at + length <= this.#start + this.#window.length;
    if (!inside) {
      const buffer = Buffer.alloc(Math.min(windowBytes, Math.max(0, this.sizeBytes - at)));
      const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, at);
      this.#window = buffer.subarray(0, bytesRead);
      this.#start = at;
    }
    return this.#window.subarray(at - this.#start, at - this.#start + length);
  }
}
