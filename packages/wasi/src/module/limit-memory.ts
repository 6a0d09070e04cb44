import { InvalidModuleError, MemoryLimitError } from "../errors.ts";
import { BinaryReader } from "./binary-reader.ts";
import { readImport } from "./imports.ts";
import { leb128, type MemoryLimits, readMemoryLimits, writeMemoryLimits } from "./limits.ts";
import { binaryKind, type Section, SectionId, sections } from "./sections.ts";

/** A memory's limits and where they stand in the module. */
interface PlacedLimits {
  readonly section: Section;
  readonly start: number;
  readonly end: number;
  readonly limits: MemoryLimits;
}

/**
 * The module with the maximum of its memory lowered to `maxBytes`, so that the guest sees a failed allocation there; the
 * same bytes when nothing is to be lowered.
 *
 * Memories of the module and imported ones are both limited; several share what is above their minimums in equal parts.
 * Throws `MemoryLimitError` when the module needs more to start, `InvalidModuleError` for anything but a core module.
 */
export function limitMemory(bytes: Uint8Array, maxBytes: number): Uint8Array {
  if (binaryKind(bytes) !== "module") {
    throw new InvalidModuleError("Cannot limit the memory of a component: its core modules are limited one by one");
  }
  const memories = findMemories(bytes);
  const minimumBytes = memories.reduce((sum, { limits }) => sum + limits.minimumPages * BigInt(limits.pageBytes), 0n);
  const allowedBytes = BigInt(Math.floor(maxBytes));
  if (minimumBytes > allowedBytes) {
    throw new MemoryLimitError(
      `Cannot limit the memory of the module to ${allowedBytes} bytes: it needs ${minimumBytes} bytes to start`,
    );
  }
  const growable = memories.filter(({ limits }) => limits.maximumPages !== limits.minimumPages);
  if (growable.length === 0) return bytes;
  const spareBytes = (allowedBytes - minimumBytes) / BigInt(growable.length);
  const replacements = growable.flatMap((memory) => {
    const lowered = lower(memory.limits, spareBytes);
    return lowered === undefined ? [] : [{ ...memory, bytes: writeMemoryLimits(lowered) }];
  });
  return replacements.length === 0 ? bytes : replace(bytes, replacements);
}

function lower(limits: MemoryLimits, spareBytes: bigint): MemoryLimits | undefined {
  const maximumPages = limits.minimumPages + spareBytes / BigInt(limits.pageBytes);
  if (limits.maximumPages !== undefined && limits.maximumPages <= maximumPages) return undefined;
  // Without a maximum a memory has the one of its index type, and a higher one would not be valid.
  const typeMaximum = (limits.memory64 ? 1n << 64n : 1n << 32n) / BigInt(limits.pageBytes);
  return maximumPages >= typeMaximum ? undefined : { ...limits, maximumPages };
}

function findMemories(bytes: Uint8Array): PlacedLimits[] {
  const found: PlacedLimits[] = [];
  for (const section of sections(bytes)) {
    const reader = new BinaryReader(bytes, section.contentStart, section.end);
    if (section.id === SectionId.import) {
      for (let left = reader.u32(); left > 0; left--) {
        const { memory, limitsStart, limitsEnd } = readImport(reader);
        if (memory !== undefined) found.push({ section, start: limitsStart, end: limitsEnd, limits: memory });
      }
    } else if (section.id === SectionId.memory) {
      for (let left = reader.u32(); left > 0; left--) {
        const start = reader.offset;
        const limits = readMemoryLimits(reader);
        found.push({ section, start, end: reader.offset, limits });
      }
    }
  }
  return found;
}

function replace(
  bytes: Uint8Array,
  replacements: readonly (PlacedLimits & { readonly bytes: number[] })[],
): Uint8Array {
  const parts: Uint8Array[] = [];
  let done = 0;
  const bySection = Map.groupBy(replacements, (replacement) => replacement.section);
  for (const [section, changes] of bySection) {
    const growth = changes.reduce((sum, { start, end, bytes: limits }) => sum + limits.length - (end - start), 0);
    parts.push(bytes.subarray(done, section.start));
    parts.push(Uint8Array.of(section.id, ...leb128(BigInt(section.end - section.contentStart + growth))));
    done = section.contentStart;
    for (const change of changes) {
      parts.push(bytes.subarray(done, change.start), Uint8Array.from(change.bytes));
      done = change.end;
    }
    parts.push(bytes.subarray(done, section.end));
    done = section.end;
  }
  parts.push(bytes.subarray(done));
  return concat(parts);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    result.set(part, offset);
    offset += part.length;
  }
  return result;
}
