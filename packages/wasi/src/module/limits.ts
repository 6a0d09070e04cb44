import type { BinaryReader } from "./binary-reader.ts";

const Flag = { maximum: 1, shared: 2, memory64: 4, pageSize: 8 } as const;
const allFlags = 15;
const defaultPageLog2 = 16;

/** The limits of a memory, in its own pages. */
export interface MemoryLimits {
  readonly minimumPages: bigint;
  readonly maximumPages: bigint | undefined;
  readonly shared: boolean;
  readonly memory64: boolean;
  /** 65,536 unless the module uses custom page sizes. */
  readonly pageBytes: number;
}

export function readMemoryLimits(reader: BinaryReader): MemoryLimits {
  const flags = reader.byte();
  if ((flags & ~allFlags) !== 0) reader.fail(`memory limits have unknown flags ${flags}`);
  const minimumPages = reader.u64();
  const maximumPages = (flags & Flag.maximum) === 0 ? undefined : reader.u64();
  const pageLog2 = (flags & Flag.pageSize) === 0 ? defaultPageLog2 : reader.u32();
  if (pageLog2 > defaultPageLog2) reader.fail(`a page size of 2^${pageLog2} bytes is not allowed`);
  if (maximumPages !== undefined && maximumPages < minimumPages) reader.fail("a memory's maximum is below its minimum");
  return {
    minimumPages,
    maximumPages,
    shared: (flags & Flag.shared) !== 0,
    memory64: (flags & Flag.memory64) !== 0,
    pageBytes: 2 ** pageLog2,
  };
}

/** The encoding of `limits`. */
export function writeMemoryLimits(limits: MemoryLimits): number[] {
  const pageLog2 = Math.log2(limits.pageBytes);
  const flags =
    (limits.maximumPages === undefined ? 0 : Flag.maximum) |
    (limits.shared ? Flag.shared : 0) |
    (limits.memory64 ? Flag.memory64 : 0) |
    (pageLog2 === defaultPageLog2 ? 0 : Flag.pageSize);
  const bytes = [flags, ...leb128(limits.minimumPages)];
  if (limits.maximumPages !== undefined) bytes.push(...leb128(limits.maximumPages));
  if (pageLog2 !== defaultPageLog2) bytes.push(pageLog2);
  return bytes;
}

export function leb128(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}
