import { isLink, type ResolvedEntry, resolveBeneath } from "../../files/resolve-beneath.ts";
import { LookupFlag } from "../abi.ts";
import { Errno, errnoSignal } from "../errno.ts";
import type { Guest } from "../guest.ts";
import { Right } from "../rights.ts";
import { directoryOf } from "./directory.ts";
import { existingErrno } from "./path-entries.ts";
import { statEntry } from "./path-filestat.ts";

export function pathRename(
  guest: Guest,
  fd: number,
  pathPointer: number,
  pathLength: number,
  toFd: number,
  toPathPointer: number,
  toPathLength: number,
): Errno {
  const path = guest.memory.path(pathPointer, pathLength);
  const toPath = guest.memory.path(toPathPointer, toPathLength);
  const from = directoryOf(guest, fd, Right.pathRenameSource);
  const to = directoryOf(guest, toFd, Right.pathRenameTarget);
  resolveBeneath(from.handle, path, (source) =>
    resolveBeneath(to.handle, toPath, (target) => {
      renameEntry(source, target);
    }),
  );
  return Errno.success;
}

export function pathLink(
  guest: Guest,
  fd: number,
  flags: number,
  pathPointer: number,
  pathLength: number,
  toFd: number,
  toPathPointer: number,
  toPathLength: number,
): Errno {
  const path = guest.memory.path(pathPointer, pathLength);
  const toPath = guest.memory.path(toPathPointer, toPathLength);
  const from = directoryOf(guest, fd, Right.pathLinkSource);
  const to = directoryOf(guest, toFd, Right.pathLinkTarget);
  const follow = (flags & LookupFlag.symlinkFollow) !== 0;
  resolveBeneath(from.handle, path, (source) => {
    const stat = statEntry(source, follow);
    if (stat === isLink) return isLink;
    if (source.name === undefined || stat.kind === "directory") throw errnoSignal(Errno.perm);
    linkEntry(source.directory, source.name, (action) => resolveBeneath(to.handle, toPath, action));
    return undefined;
  });
  return Errno.success;
}

function linkEntry(
  directory: ResolvedEntry["directory"],
  name: string,
  atTarget: (action: (target: ResolvedEntry) => undefined) => undefined,
): void {
  atTarget((target) => {
    if (target.name === undefined) throw errnoSignal(Errno.exist);
    if (target.mustBeDirectory) throw errnoSignal(existingErrno(target.directory.lookup(target.name)?.kind));
    directory.link(name, target.directory, target.name);
    return undefined;
  });
}

function renameEntry(source: ResolvedEntry, target: ResolvedEntry): void {
  if (source.name === undefined || target.name === undefined) throw errnoSignal(Errno.busy);
  if (source.mustBeDirectory || target.mustBeDirectory) {
    // The slash is lost on the way to the host, so what it demands is checked here.
    const kind = source.directory.lookup(source.name)?.kind;
    if (kind === undefined) throw errnoSignal(Errno.noent);
    if (kind !== "directory") throw errnoSignal(Errno.notdir);
  }
  source.directory.rename(source.name, target.directory, target.name);
}
