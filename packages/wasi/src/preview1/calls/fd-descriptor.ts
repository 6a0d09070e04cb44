import { FdFlag, PreopenType } from "../abi.ts";
import type { Descriptor } from "../descriptor.ts";
import { Errno, errnoSignal } from "../errno.ts";
import type { Guest } from "../guest.ts";
import { Right, rightsFromGuest } from "../rights.ts";

const encoder = new TextEncoder();
/** Flags that every kind of descriptor can be given later. */
const settableFlags = FdFlag.append | FdFlag.nonblock;
const syncFlags = FdFlag.dsync | FdFlag.rsync | FdFlag.sync;

export function fdClose(guest: Guest, fd: number): Errno {
  guest.descriptors.close(fd);
  return Errno.success;
}

export function fdRenumber(guest: Guest, from: number, to: number): Errno {
  guest.descriptors.renumber(from, to);
  return Errno.success;
}

export function fdFdstatGet(guest: Guest, fd: number, pointer: number): Errno {
  const descriptor = guest.descriptors.get(fd);
  const { memory } = guest;
  memory.fill(pointer, 24, 0);
  memory.setU8(pointer, descriptor.fileType);
  memory.setU16(pointer + 2, descriptor.flags);
  memory.setU64(pointer + 8, BigInt(descriptor.rights));
  memory.setU64(pointer + 16, BigInt(descriptor.inheriting));
  return Errno.success;
}

export function fdFdstatSetFlags(guest: Guest, fd: number, flags: number): Errno {
  const descriptor = guest.descriptors.get(fd);
  if ((flags & ~(settableFlags | syncFlags)) !== 0) return Errno.inval;
  if ((descriptor.rights & Right.fdFdstatSetFlags) === 0) return Errno.notcapable;
  // As with Linux, how writes are synchronised is decided when a file is opened.
  if ((flags & syncFlags) !== (descriptor.flags & syncFlags)) return Errno.inval;
  if (descriptor.kind === "directory" && flags !== 0) return Errno.inval;
  descriptor.flags = flags;
  return Errno.success;
}

export function fdFdstatSetRights(guest: Guest, fd: number, base: bigint, inheriting: bigint): Errno {
  const descriptor = guest.descriptors.get(fd);
  const rights = rightsFromGuest(base);
  const inherited = rightsFromGuest(inheriting);
  if (rights === undefined || inherited === undefined) return Errno.notcapable;
  if ((rights & ~descriptor.rights) !== 0 || (inherited & ~descriptor.inheriting) !== 0) return Errno.notcapable;
  descriptor.rights = rights;
  descriptor.inheriting = inherited;
  return Errno.success;
}

/**
 * Libraries look for directories from 3 on until EBADF, and end at any other error: so a socket among them is a preopen too, of
 * a kind that they step over, with an empty name for those that do not look at the kind.
 */
export function fdPrestatGet(guest: Guest, fd: number, pointer: number): Errno {
  const descriptor = preopen(guest, fd);
  const { memory } = guest;
  memory.check(pointer, 8);
  memory.setU32(pointer, descriptor.kind === "directory" ? PreopenType.directory : PreopenType.socket);
  memory.setU32(pointer + 4, nameOf(descriptor).length);
  return Errno.success;
}

export function fdPrestatDirName(guest: Guest, fd: number, pointer: number, length: number): Errno {
  const name = nameOf(preopen(guest, fd));
  if (length >>> 0 < name.length) return Errno.nametoolong;
  guest.memory.write(pointer, name);
  return Errno.success;
}

function preopen(guest: Guest, fd: number): Descriptor {
  const descriptor = guest.descriptors.get(fd);
  const found =
    descriptor.kind === "directory"
      ? descriptor.preopenPath !== undefined
      : descriptor.kind !== "file" && descriptor.preopened;
  if (!found) throw errnoSignal(Errno.badf);
  return descriptor;
}

function nameOf(descriptor: Descriptor): Uint8Array {
  return encoder.encode(descriptor.kind === "directory" ? descriptor.preopenPath : "");
}
