import { InvalidModuleError } from "../errors.ts";
import { BinaryReader } from "./binary-reader.ts";

export const SectionId = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13,
} as const;

/** The order sections must come in, by id; custom sections may stand anywhere. */
const order: readonly number[] = [
  SectionId.type,
  SectionId.import,
  SectionId.function,
  SectionId.table,
  SectionId.memory,
  SectionId.tag,
  SectionId.global,
  SectionId.export,
  SectionId.start,
  SectionId.element,
  SectionId.dataCount,
  SectionId.code,
  SectionId.data,
];

export interface Section {
  readonly id: number;
  /** Of the id byte. */
  readonly start: number;
  readonly contentStart: number;
  readonly end: number;
}

export type BinaryKind = "module" | "component";

const headerBytes = 8;
const magic = [0x00, 0x61, 0x73, 0x6d];

/** Whether `bytes` start as a core module or a component. Throws `InvalidModuleError` for everything else. */
export function binaryKind(bytes: Uint8Array): BinaryKind {
  if (bytes.length < headerBytes || magic.some((byte, index) => bytes[index] !== byte)) {
    throw new InvalidModuleError(
      'Cannot read the module: it does not start with the bytes of WebAssembly ("\\0asm" and a version)',
    );
  }
  const version = (bytes[4] as number) | ((bytes[5] as number) << 8);
  const layer = (bytes[6] as number) | ((bytes[7] as number) << 8);
  if (layer === 0 && version === 1) return "module";
  if (layer === 1) return "component";
  throw new InvalidModuleError(
    `Cannot read the module: version ${version} of layer ${layer} is unknown; known are modules (1 of 0) and components (of 1)`,
  );
}

/** The sections of a module. Throws `InvalidModuleError` where one is cut off, unknown, twice or out of order. */
export function* sections(bytes: Uint8Array): Generator<Section> {
  const reader = new BinaryReader(bytes, headerBytes, bytes.length);
  let lastPlace = -1;
  while (!reader.atEnd) {
    const start = reader.offset;
    const id = reader.byte();
    if (id !== SectionId.custom) {
      const place = order.indexOf(id);
      if (place === -1) reader.fail(`section ${id} is unknown`);
      if (place <= lastPlace) reader.fail(`section ${id} is out of order`);
      lastPlace = place;
    }
    const length = reader.u32();
    const contentStart = reader.offset;
    reader.skip(length);
    yield { id, start, contentStart, end: reader.offset };
  }
}
