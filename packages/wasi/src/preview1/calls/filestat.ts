import type { FileKind, FileStat, FileTimes } from "../../files/file-system.ts";
import { allFstFlags, FileType, FstFlag } from "../abi.ts";
import type { AbiVersion } from "../abi-version.ts";
import { Errno, errnoSignal } from "../errno.ts";
import type { GuestMemory } from "../guest-memory.ts";

const fileTypes: Readonly<Record<FileKind, FileType>> = {
  "regular-file": FileType.regularFile,
  directory: FileType.directory,
  "symbolic-link": FileType.symbolicLink,
  "block-device": FileType.blockDevice,
  "character-device": FileType.characterDevice,
  // Preview 1 has no word for a pipe.
  fifo: FileType.unknown,
  socket: FileType.socketStream,
};

const maxLinkCount32 = 0xffff_ffffn;

export function fileTypeOf(kind: FileKind): FileType {
  return fileTypes[kind];
}

/** Writes a `filestat` record. */
export function putFilestat(memory: GuestMemory, pointer: number, stat: FileStat, abi: AbiVersion): void {
  const { sizeBytes, linkCountOffset, linkCountBytes, sizeOffset } = abi.filestat;
  const start = memory.check(pointer, sizeBytes);
  memory.fill(start, sizeBytes, 0);
  memory.setU64(start, BigInt.asUintN(64, stat.device));
  memory.setU64(start + 8, stat.inode);
  memory.setU8(start + 16, fileTypeOf(stat.kind));
  if (linkCountBytes === 8) memory.setU64(start + linkCountOffset, stat.linkCount);
  else
    memory.setU32(start + linkCountOffset, Number(stat.linkCount > maxLinkCount32 ? maxLinkCount32 : stat.linkCount));
  memory.setU64(start + sizeOffset, stat.sizeBytes);
  memory.setU64(start + sizeOffset + 8, BigInt.asUintN(64, stat.accessedNs));
  memory.setU64(start + sizeOffset + 16, BigInt.asUintN(64, stat.modifiedNs));
  memory.setU64(start + sizeOffset + 24, BigInt.asUintN(64, stat.changedNs));
}

/** Writes the `filestat` record of something that is no file: all zero but the type. */
export function putEmptyFilestat(memory: GuestMemory, pointer: number, fileType: FileType, abi: AbiVersion): void {
  const start = memory.check(pointer, abi.filestat.sizeBytes);
  memory.fill(start, abi.filestat.sizeBytes, 0);
  memory.setU8(start + 16, fileType);
}

/** The times a guest wants set. EINVAL for unknown flags and for a time that is to be both given and now. */
export function timesFrom(accessed: bigint, modified: bigint, flags: number): FileTimes {
  if ((flags & ~allFstFlags) !== 0) throw errnoSignal(Errno.inval);
  return {
    accessedNs: timeFrom(accessed, flags, FstFlag.atime, FstFlag.atimeNow),
    modifiedNs: timeFrom(modified, flags, FstFlag.mtime, FstFlag.mtimeNow),
  };
}

function timeFrom(time: bigint, flags: number, given: number, now: number): bigint | "now" | undefined {
  if ((flags & given) !== 0 && (flags & now) !== 0) throw errnoSignal(Errno.inval);
  if ((flags & now) !== 0) return "now";
  if ((flags & given) === 0) return undefined;
  return BigInt.asUintN(64, time);
}
