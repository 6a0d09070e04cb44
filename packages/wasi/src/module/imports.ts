import type { BinaryReader } from "./binary-reader.ts";
import { type MemoryLimits, readMemoryLimits } from "./limits.ts";

export const externalKinds = ["function", "table", "memory", "global", "tag"] as const;
export type ExternalKind = (typeof externalKinds)[number];

export interface ImportEntry {
  readonly module: string;
  readonly name: string;
  readonly kind: ExternalKind;
  /** Of an imported memory. */
  readonly memory?: MemoryLimits;
  /** Where the limits of an imported memory stand. */
  readonly limitsStart: number;
  readonly limitsEnd: number;
}

/** One entry of the import section. */
export function readImport(reader: BinaryReader): ImportEntry {
  const module = reader.name();
  const name = reader.name();
  const kind = readKind(reader);
  const limitsStart = reader.offset;
  const memory = readImportType(reader, kind);
  return { module, name, kind, limitsStart, limitsEnd: reader.offset, ...(memory === undefined ? {} : { memory }) };
}

export function readKind(reader: BinaryReader): ExternalKind {
  const code = reader.byte();
  return externalKinds[code] ?? reader.fail(`kind ${code} of an import or export is unknown`);
}

function readImportType(reader: BinaryReader, kind: ExternalKind): MemoryLimits | undefined {
  switch (kind) {
    case "function":
      reader.u32();
      return undefined;
    case "table":
      skipValueType(reader);
      skipTableLimits(reader);
      return undefined;
    case "memory":
      return readMemoryLimits(reader);
    case "global":
      skipValueType(reader);
      reader.byte();
      return undefined;
    case "tag":
      reader.byte();
      reader.u32();
      return undefined;
  }
}

function skipTableLimits(reader: BinaryReader): void {
  const flags = reader.byte();
  reader.u64();
  if ((flags & 1) !== 0) reader.u64();
}

function skipValueType(reader: BinaryReader): void {
  const code = reader.byte();
  // A reference to a heap type that follows, nullable or not.
  if (code === 0x63 || code === 0x64) reader.skipSigned(33);
}
