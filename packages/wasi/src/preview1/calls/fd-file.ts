import type { AbiVersion } from "../abi-version.ts";
import type { Descriptor, FileDescriptor } from "../descriptor.ts";
import { Errno, errnoSignal } from "../errno.ts";
import type { Guest } from "../guest.ts";
import { Right } from "../rights.ts";
import { putEmptyFilestat, putFilestat, timesFrom } from "./filestat.ts";

const maxAdvice = 5;
const maxFileBytes = BigInt(Number.MAX_SAFE_INTEGER);

/** Advice is checked and then not needed: files are read through the page cache of the host. */
export function fdAdvise(guest: Guest, fd: number, offset: bigint, length: bigint, advice: number): Errno {
  const descriptor = guest.descriptors.get(fd);
  if (descriptor.kind === "stream" || descriptor.kind === "listener") return Errno.spipe;
  requireRight(descriptor, Right.fdAdvise);
  if (advice >>> 0 > maxAdvice || offset < 0n || length < 0n) return Errno.inval;
  return descriptor.kind === "directory" ? Errno.badf : Errno.success;
}

export function fdAllocate(guest: Guest, fd: number, offset: bigint, length: bigint): Errno {
  const { file } = regularFile(guest, fd, Right.fdAllocate);
  if (offset < 0n || length <= 0n) return Errno.inval;
  if (offset + length > maxFileBytes) return Errno.fbig;
  file.allocate(Number(offset), Number(length));
  return Errno.success;
}

export function fdDatasync(guest: Guest, fd: number): Errno {
  const descriptor = guest.descriptors.get(fd);
  if (descriptor.kind === "stream" || descriptor.kind === "listener") return Errno.inval;
  requireRight(descriptor, Right.fdDatasync);
  if (descriptor.kind === "file") descriptor.file.dataSync();
  else descriptor.handle.sync();
  return Errno.success;
}

export function fdSync(guest: Guest, fd: number): Errno {
  const descriptor = guest.descriptors.get(fd);
  if (descriptor.kind === "stream" || descriptor.kind === "listener") return Errno.inval;
  requireRight(descriptor, Right.fdSync);
  if (descriptor.kind === "file") descriptor.file.sync();
  else descriptor.handle.sync();
  return Errno.success;
}

export function fdFilestatGet(abi: AbiVersion): (guest: Guest, fd: number, pointer: number) => Errno {
  return (guest, fd, pointer) => {
    const descriptor = guest.descriptors.get(fd);
    requireRight(descriptor, Right.fdFilestatGet);
    if (descriptor.kind === "file") putFilestat(guest.memory, pointer, descriptor.file.stat(), abi);
    else if (descriptor.kind === "directory") putFilestat(guest.memory, pointer, descriptor.handle.stat(), abi);
    else putEmptyFilestat(guest.memory, pointer, descriptor.fileType, abi);
    return Errno.success;
  };
}

export function fdFilestatSetSize(guest: Guest, fd: number, size: bigint): Errno {
  const { file } = regularFile(guest, fd, Right.fdFilestatSetSize);
  if (size < 0n) return Errno.inval;
  if (size > maxFileBytes) return Errno.fbig;
  file.truncate(Number(size));
  return Errno.success;
}

export function fdFilestatSetTimes(guest: Guest, fd: number, accessed: bigint, modified: bigint, flags: number): Errno {
  const descriptor = guest.descriptors.get(fd);
  const times = timesFrom(accessed, modified, flags);
  if (descriptor.kind === "stream" || descriptor.kind === "listener") return Errno.badf;
  requireRight(descriptor, Right.fdFilestatSetTimes);
  if (descriptor.kind === "file") descriptor.file.setTimes(times);
  else descriptor.handle.setTimes(times);
  return Errno.success;
}

function regularFile(guest: Guest, fd: number, right: number): FileDescriptor {
  const descriptor = guest.descriptors.get(fd);
  if (descriptor.kind !== "file") throw errnoSignal(Errno.badf);
  requireRight(descriptor, right);
  return descriptor;
}

function requireRight(descriptor: Descriptor, right: number): void {
  if ((descriptor.rights & right) === 0) throw errnoSignal(Errno.notcapable);
}
