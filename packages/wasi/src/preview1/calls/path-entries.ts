import { resolveBeneath } from "../../files/resolve-beneath.ts";
import { Errno, errnoSignal } from "../errno.ts";
import type { Guest } from "../guest.ts";
import { Right } from "../rights.ts";
import { directoryOf } from "./directory.ts";

export function pathCreateDirectory(guest: Guest, fd: number, pathPointer: number, pathLength: number): Errno {
  const path = guest.memory.path(pathPointer, pathLength);
  const from = directoryOf(guest, fd, Right.pathCreateDirectory);
  resolveBeneath(from.handle, path, ({ directory, name }) => {
    if (name === undefined) throw errnoSignal(Errno.exist);
    directory.createDirectory(name);
  });
  return Errno.success;
}

export function pathRemoveDirectory(guest: Guest, fd: number, pathPointer: number, pathLength: number): Errno {
  const path = guest.memory.path(pathPointer, pathLength);
  const from = directoryOf(guest, fd, Right.pathRemoveDirectory);
  resolveBeneath(from.handle, path, ({ directory, name }) => {
    if (name === undefined) throw errnoSignal(Errno.inval);
    directory.removeDirectory(name);
  });
  return Errno.success;
}

export function pathUnlinkFile(guest: Guest, fd: number, pathPointer: number, pathLength: number): Errno {
  const path = guest.memory.path(pathPointer, pathLength);
  const from = directoryOf(guest, fd, Right.pathUnlinkFile);
  resolveBeneath(from.handle, path, ({ directory, name, mustBeDirectory }) => {
    if (name === undefined) throw errnoSignal(Errno.isdir);
    if (mustBeDirectory) {
      const kind = directory.lookup(name)?.kind;
      if (kind === undefined) throw errnoSignal(Errno.noent);
      throw errnoSignal(kind === "directory" ? Errno.isdir : Errno.notdir);
    }
    directory.unlink(name);
  });
  return Errno.success;
}

export function pathSymlink(
  guest: Guest,
  targetPointer: number,
  targetLength: number,
  fd: number,
  pathPointer: number,
  pathLength: number,
): Errno {
  const target = guest.memory.path(targetPointer, targetLength);
  const path = guest.memory.path(pathPointer, pathLength);
  const from = directoryOf(guest, fd, Right.pathSymlink);
  // It could never be followed here, and somebody outside the sandbox might.
  if (target.startsWith("/")) return Errno.perm;
  if (target === "") return Errno.noent;
  resolveBeneath(from.handle, path, ({ directory, name, mustBeDirectory }) => {
    if (name === undefined) throw errnoSignal(Errno.exist);
    if (mustBeDirectory) throw errnoSignal(existingErrno(directory.lookup(name)?.kind));
    directory.symbolicLink(target, name);
  });
  return Errno.success;
}

/** Why nothing but a directory can be made at a path that ends in a slash. */
export function existingErrno(kind: string | undefined): Errno {
  if (kind === undefined) return Errno.noent;
  return kind === "directory" ? Errno.exist : Errno.notdir;
}

export function pathReadlink(
  guest: Guest,
  fd: number,
  pathPointer: number,
  pathLength: number,
  bufferPointer: number,
  bufferLength: number,
  usedPointer: number,
): Errno {
  const path = guest.memory.path(pathPointer, pathLength);
  const buffer = guest.memory.bytes(bufferPointer, bufferLength);
  guest.memory.check(usedPointer, 4);
  const from = directoryOf(guest, fd, Right.pathReadlink);
  const target = resolveBeneath(from.handle, path, ({ directory, name, mustBeDirectory }) => {
    if (name === undefined) throw errnoSignal(Errno.inval);
    if (mustBeDirectory) throw errnoSignal(readlinkErrno(directory.lookup(name)?.kind));
    return directory.readLink(name);
  });
  // Above the sandbox there is nothing the guest may know of.
  if (target.startsWith("/")) return Errno.perm;
  const bytes = Buffer.from(target).subarray(0, buffer.length);
  buffer.set(bytes);
  guest.memory.setU32(usedPointer, bytes.length);
  return Errno.success;
}

function readlinkErrno(kind: string | undefined): Errno {
  if (kind === undefined) return Errno.noent;
  return kind === "directory" ? Errno.inval : Errno.notdir;
}
