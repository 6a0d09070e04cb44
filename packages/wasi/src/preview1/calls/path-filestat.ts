import type { FileStat, FileTimes } from "../../files/file-system.ts";
import { isLink, type ResolvedEntry, resolveBeneath } from "../../files/resolve-beneath.ts";
import { LookupFlag } from "../abi.ts";
import type { AbiVersion } from "../abi-version.ts";
import { Errno, errnoSignal } from "../errno.ts";
import type { Guest } from "../guest.ts";
import { Right } from "../rights.ts";
import { directoryOf } from "./directory.ts";
import { putFilestat, timesFrom } from "./filestat.ts";

export function pathFilestatGet(
  abi: AbiVersion,
): (guest: Guest, fd: number, flags: number, pathPointer: number, pathLength: number, pointer: number) => Errno {
  return (guest, fd, flags, pathPointer, pathLength, pointer) => {
    const path = guest.memory.path(pathPointer, pathLength);
    guest.memory.check(pointer, abi.filestat.sizeBytes);
    const from = directoryOf(guest, fd, Right.pathFilestatGet);
    const follow = (flags & LookupFlag.symlinkFollow) !== 0;
    const stat = resolveBeneath(from.handle, path, (entry) => statEntry(entry, follow));
    putFilestat(guest.memory, pointer, stat, abi);
    return Errno.success;
  };
}

export function pathFilestatSetTimes(
  guest: Guest,
  fd: number,
  flags: number,
  pathPointer: number,
  pathLength: number,
  accessed: bigint,
  modified: bigint,
  timeFlags: number,
): Errno {
  const path = guest.memory.path(pathPointer, pathLength);
  const times = timesFrom(accessed, modified, timeFlags);
  const from = directoryOf(guest, fd, Right.pathFilestatSetTimes);
  const follow = (flags & LookupFlag.symlinkFollow) !== 0;
  resolveBeneath(from.handle, path, (entry) => setEntryTimes(entry, follow, times));
  return Errno.success;
}

/** The state of what a path names; `isLink` where it is a link to be followed. */
export function statEntry(entry: ResolvedEntry, follow: boolean): FileStat | typeof isLink {
  const { directory, name, mustBeDirectory } = entry;
  if (name === undefined) return directory.stat();
  const stat = directory.lookup(name);
  if (stat === undefined) throw errnoSignal(Errno.noent);
  if (stat.kind === "symbolic-link" && (follow || mustBeDirectory)) return isLink;
  if (mustBeDirectory && stat.kind !== "directory") throw errnoSignal(Errno.notdir);
  return stat;
}

function setEntryTimes(entry: ResolvedEntry, follow: boolean, times: FileTimes): undefined | typeof isLink {
  if (entry.name === undefined) {
    entry.directory.setTimes(times);
    return undefined;
  }
  if (statEntry(entry, follow) === isLink) return isLink;
  entry.directory.setEntryTimes(entry.name, times);
  return undefined;
}
