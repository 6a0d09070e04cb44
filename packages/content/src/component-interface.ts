import { ContentError } from "./errors.ts";
import { type ByteReader, readUnsigned, type WasmInspection } from "./wasm-kind.ts";

/** Names of what a component needs and offers: `wasi:cli/environment@0.2.0`. */
export interface ComponentInterface {
  readonly imports: readonly string[];
  readonly exports: readonly string[];
}

const importSection = 10;
const exportSection = 11;
const maxSectionBytes = 4 * 1024 * 1024;

/**
 * Reads the names a component imports and exports at its top level.
 *
 * Throws `ContentError` of code `Unsupported` for an encoding that is not known; `name` is for its message.
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md (import and export definitions)
 */
export async function readComponentInterface(
  read: ByteReader,
  { sections }: WasmInspection,
  name: string,
): Promise<ComponentInterface> {
  const imports: string[] = [];
  const exports: string[] = [];
  for (const { id, offset, sizeBytes } of sections) {
    if (id !== importSection && id !== exportSection) continue;
    if (sizeBytes > maxSectionBytes)
      throw new ContentError("TooLarge", `${name} has an import or export section of ${sizeBytes} bytes`);
    const reader = new DefinitionReader(await read(offset, sizeBytes), name);
    if (id === importSection) imports.push(...reader.readImports());
    else exports.push(...reader.readExports());
  }
  return { imports, exports };
}

class DefinitionReader {
  readonly #bytes: Buffer;
  readonly #name: string;
  #at = 0;

  constructor(bytes: Buffer, name: string) {
    this.#bytes = bytes;
    this.#name = name;
  }

  readImports(): string[] {
    return this.#readVector(() => {
      const name = this.#readExternName();
      this.#skipExternDescriptor();
      return name;
    });
  }

  readExports(): string[] {
    return this.#readVector(() => {
      const name = this.#readExternName();
      // Sort of the exported definition; 0 is followed by the sort of a core definition.
      if (this.#readByte() === 0) this.#readByte();
      this.#readNumber();
      if (this.#readByte() === 1) this.#skipExternDescriptor();
      return name;
    });
  }

  #readVector(readItem: () => string): string[] {
    const count = this.#readNumber();
    if (count > this.#bytes.length) throw this.#unknown();
    return Array.from({ length: count }, readItem);
  }

  #readExternName(): string {
    const form = this.#readByte();
    if (form > 1) throw this.#unknown();
    const length = this.#readNumber();
    const end = this.#at + length;
    if (end > this.#bytes.length) throw this.#unknown();
    const name = this.#bytes.toString("utf8", this.#at, end);
    this.#at = end;
    return name;
  }

  #skipExternDescriptor(): void {
    const form = this.#readByte();
    if (form > 0x05) throw this.#unknown();
    if (form === 0x02) this.#skipBound(() => this.#skipValueType());
    else if (form === 0x03) this.#skipBound(() => undefined);
    else {
      // A core module's index follows a byte for its sort.
      if (form === 0x00) this.#readByte();
      this.#readNumber();
    }
  }

  /** A bound is `0` and an index, or `1` and what the kind of bound says. */
  #skipBound(skipOther: () => void): void {
    if (this.#readByte() === 0) this.#readNumber();
    else skipOther();
  }

  /** A primitive type in one byte or a type index, both in signed LEB128. */
  #skipValueType(): void {
    while (this.#readByte() >= 0x80);
  }

  #readByte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw this.#unknown();
    return byte;
  }

  #readNumber(): number {
    const number = readUnsigned(this.#bytes.subarray(this.#at, this.#at + 5));
    if (number === undefined) throw this.#unknown();
    this.#at += number.length;
    return number.value;
  }

  #unknown(): ContentError {
    return new ContentError(
      "Unsupported",
      `${this.#name} is a component with imports or exports in an unknown encoding`,
    );
  }
}
