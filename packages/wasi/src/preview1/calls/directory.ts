import type { DirectoryDescriptor } from "../descriptor.ts";
import { Errno, errnoSignal } from "../errno.ts";
import type { Guest } from "../guest.ts";

/** The directory a path starts from. ENOTDIR for a file, EBADF for a stream, ENOTCAPABLE without the rights. */
export function directoryOf(guest: Guest, fd: number, rights: number): DirectoryDescriptor {
  const descriptor = guest.descriptors.get(fd);
  if (descriptor.kind !== "directory") throw errnoSignal(descriptor.kind === "file" ? Errno.notdir : Errno.badf);
  if ((descriptor.rights & rights) !== rights) throw errnoSignal(Errno.notcapable);
  return descriptor;
}
