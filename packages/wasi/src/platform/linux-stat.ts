import type { BigIntStats } from "node:fs";
import type { FileKind, FileStat } from "../files/file-system.ts";

const typeMask = 0o170000n;

const kinds: ReadonlyMap<bigint, FileKind> = new Map([
  [0o140000n, "socket"],
  [0o120000n, "symbolic-link"],
  [0o100000n, "regular-file"],
  [0o060000n, "block-device"],
  [0o040000n, "directory"],
  [0o020000n, "character-device"],
  [0o010000n, "fifo"],
]);

export function fileStatFrom(stats: BigIntStats): FileStat {
  return {
    device: stats.dev,
    inode: stats.ino,
    kind: kinds.get(stats.mode & typeMask) ?? "regular-file",
    linkCount: stats.nlink,
    sizeBytes: stats.size,
    accessedNs: stats.atimeNs,
    modifiedNs: stats.mtimeNs,
    changedNs: stats.ctimeNs,
  };
}
