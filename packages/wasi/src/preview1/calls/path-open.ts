import { errorCode } from "@wherry/base";
import type { DirectoryHandle, FileHandle, OpenOptions } from "../../files/file-system.ts";
import { isLink, type ResolvedEntry, resolveBeneath } from "../../files/resolve-beneath.ts";
import { allFdFlags, allOpenFlags, FdFlag, LookupFlag, OpenFlag } from "../abi.ts";
import { DirectoryDescriptor, FileDescriptor } from "../descriptor.ts";
import { Errno, errnoSignal } from "../errno.ts";
import type { Guest } from "../guest.ts";
import { directoryRights, fileRights, Right, rightsFromGuest } from "../rights.ts";
import { directoryOf } from "./directory.ts";

const writeRights = Right.fdWrite | Right.fdAllocate | Right.fdFilestatSetSize;
const readRights = Right.fdRead | Right.fdReaddir;

export function pathOpen(
  guest: Guest,
  fd: number,
  lookupFlags: number,
  pathPointer: number,
  pathLength: number,
  openFlags: number,
  baseWord: bigint,
  inheritingWord: bigint,
  flags: number,
  resultPointer: number,
): Errno {
  const path = guest.memory.path(pathPointer, pathLength);
  guest.memory.check(resultPointer, 4);
  if ((openFlags & ~allOpenFlags) !== 0 || (flags & ~allFdFlags) !== 0) return Errno.inval;
  const from = directoryOf(guest, fd, neededRights(openFlags));
  const rights = rightsFromGuest(baseWord);
  const inheriting = rightsFromGuest(inheritingWord);
  if (rights === undefined || inheriting === undefined) return Errno.notcapable;
  if (((rights | inheriting) & ~from.inheriting) !== 0) return Errno.notcapable;
  guest.descriptors.checkRoom();
  const follow = (lookupFlags & LookupFlag.symlinkFollow) !== 0;
  const options = openOptions(openFlags, rights, flags);
  const handle = resolveBeneath(from.handle, path, (entry) => openEntry(entry, options, follow));
  const descriptor =
    handle.kind === "directory"
      ? new DirectoryDescriptor(handle, rights & directoryRights, inheriting)
      : new FileDescriptor(handle, rights & fileRights, inheriting, flags);
  guest.memory.setU32(resultPointer, guest.descriptors.add(descriptor));
  return Errno.success;
}

function neededRights(openFlags: number): number {
  let needed = Right.pathOpen;
  if ((openFlags & OpenFlag.create) !== 0) needed |= Right.pathCreateFile;
  if ((openFlags & OpenFlag.truncate) !== 0) needed |= Right.pathFilestatSetSize;
  return needed;
}

function openOptions(openFlags: number, rights: number, flags: number): OpenOptions {
  const truncate = (openFlags & OpenFlag.truncate) !== 0;
  const write = (rights & writeRights) !== 0 || truncate || (flags & FdFlag.append) !== 0;
  return {
    read: (rights & readRights) !== 0 || !write,
    write,
    create: (openFlags & OpenFlag.create) !== 0,
    exclusive: (openFlags & OpenFlag.exclusive) !== 0,
    truncate,
    directory: (openFlags & OpenFlag.directory) !== 0,
  };
}

function openEntry(
  entry: ResolvedEntry,
  options: OpenOptions,
  follow: boolean,
): FileHandle | DirectoryHandle | typeof isLink {
  if (entry.name === undefined) return openSelf(entry.directory, options);
  if (options.create && entry.mustBeDirectory) throw errnoSignal(Errno.isdir);
  try {
    return entry.directory.open(entry.name, entry.mustBeDirectory ? { ...options, directory: true } : options);
  } catch (error) {
    if (errorCode(error) !== "ELOOP") throw error;
    if (follow || entry.mustBeDirectory) return isLink;
    throw error;
  }
}

function openSelf(directory: DirectoryHandle, options: OpenOptions): DirectoryHandle {
  if (options.create && options.exclusive) throw errnoSignal(Errno.exist);
  if (options.write || options.create) throw errnoSignal(Errno.isdir);
  return directory.duplicate();
}
