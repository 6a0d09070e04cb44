import { isPreview1Import } from "../preview1/functions.ts";
import { BinaryReader } from "./binary-reader.ts";
import { type ExternalKind, readImport, readKind } from "./imports.ts";
import { type MemoryLimits, readMemoryLimits } from "./limits.ts";
import { type BinaryKind, binaryKind, SectionId, sections } from "./sections.ts";

/** More than any real module has, and few enough to be held and shown. */
const maxEntries = 100_000;

export interface ModuleImport {
  readonly module: string;
  readonly name: string;
  readonly kind: ExternalKind;
}

export interface ModuleExport {
  readonly name: string;
  readonly kind: ExternalKind;
}

export interface ModuleMemory extends MemoryLimits {
  readonly imported: boolean;
}

/** What a binary says about itself before it is compiled. For a component only `kind` is filled in. */
export interface ModuleInspection {
  readonly kind: BinaryKind;
  readonly imports: readonly ModuleImport[];
  /** Imports that a preview 1 host does not serve. */
  readonly unknownImports: readonly ModuleImport[];
  readonly exports: readonly ModuleExport[];
  /** Imported ones first, in the order of their indices. */
  readonly memories: readonly ModuleMemory[];
  /** Whether a function runs while the module is instantiated. */
  readonly hasStartFunction: boolean;
  /** `command` exports `_start`, `reactor` exports `_initialize` instead; `none` exports neither. */
  readonly entry: "command" | "reactor" | "none";
}

/**
 * Reads imports, exports and memories of a module without compiling it.
 *
 * Checks the header, the order and sizes of all sections and the contents of those it reads; function bodies are left to the
 * compiler. Throws `InvalidModuleError`. Time and memory grow with the sections read, at most 100,000 entries each.
 */
export function inspectModule(bytes: Uint8Array): ModuleInspection {
  const kind = binaryKind(bytes);
  const imports: ModuleImport[] = [];
  const exports: ModuleExport[] = [];
  const memories: ModuleMemory[] = [];
  let hasStartFunction = false;
  if (kind === "module") {
    for (const section of sections(bytes)) {
      const reader = new BinaryReader(bytes, section.contentStart, section.end);
      if (section.id === SectionId.import) readImports(reader, imports, memories);
      else if (section.id === SectionId.memory) readMemories(reader, memories);
      else if (section.id === SectionId.export) readExports(reader, exports);
      else if (section.id === SectionId.start) hasStartFunction = true;
    }
  }
  const unknownImports = imports.filter(
    (entry) => entry.kind !== "function" || !isPreview1Import(entry.module, entry.name),
  );
  return { kind, imports, unknownImports, exports, memories, hasStartFunction, entry: entryOf(exports) };
}

function entryOf(exports: readonly ModuleExport[]): ModuleInspection["entry"] {
  const exported = (name: string) => exports.some((entry) => entry.kind === "function" && entry.name === name);
  if (exported("_start")) return "command";
  return exported("_initialize") ? "reactor" : "none";
}

function readImports(reader: BinaryReader, imports: ModuleImport[], memories: ModuleMemory[]): void {
  forEachEntry(reader, () => {
    const { module, name, kind, memory } = readImport(reader);
    imports.push({ module, name, kind });
    if (memory !== undefined) memories.push({ ...memory, imported: true });
  });
}

function readMemories(reader: BinaryReader, memories: ModuleMemory[]): void {
  forEachEntry(reader, () => memories.push({ ...readMemoryLimits(reader), imported: false }));
}

function readExports(reader: BinaryReader, exports: ModuleExport[]): void {
  forEachEntry(reader, () => {
    const name = reader.name();
    const kind = readKind(reader);
    reader.u32();
    exports.push({ name, kind });
  });
}

function forEachEntry(reader: BinaryReader, read: () => unknown): void {
  const count = reader.u32();
  if (count > maxEntries) reader.fail(`${count} entries are more than the ${maxEntries} that are allowed`);
  for (let index = 0; index < count; index++) read();
  if (!reader.atEnd) reader.fail("a section is longer than its entries");
}
