import { errorMessage } from "@wherry/base";
import { WasiOptionsError } from "../errors.ts";
import type { FileSystem } from "../files/file-system.ts";
import { readOnlyFileSystem } from "../files/read-only-file-system.ts";
import { hostFileSystem } from "../platform/host-directory.ts";
import { FileType } from "./abi.ts";
import { DirectoryDescriptor, ListenerDescriptor, StreamDescriptor } from "./descriptor.ts";
import { DescriptorTable } from "./descriptor-table.ts";
import type { Preopen, Preview1Options } from "./preview1.ts";
import { directoryRights, fileRights } from "./rights.ts";

/** The descriptors a guest starts with: the standard streams, then sockets, then directories. */
export function openDescriptors(options: Preview1Options, limit: number): DescriptorTable {
  const table = new DescriptorTable(limit);
  const streamType = options.terminal === true ? FileType.characterDevice : FileType.unknown;
  table.add(StreamDescriptor.ofSource(options.stdin, streamType));
  table.add(StreamDescriptor.ofSink(options.stdout, streamType));
  table.add(StreamDescriptor.ofSink(options.stderr, streamType));
  for (const socket of options.sockets ?? []) {
    table.add(
      socket.kind === "stream"
        ? StreamDescriptor.ofSocket(socket, { preopened: true })
        : new ListenerDescriptor(socket),
    );
  }
  try {
    for (const preopen of options.preopens) table.add(openPreopen(preopen));
  } catch (error) {
    table.closeAll(() => undefined);
    throw error;
  }
  return table;
}

function openPreopen(preopen: Preopen): DirectoryDescriptor {
  const given = fileSystemOf(preopen);
  const fs = preopen.readOnly === true ? readOnlyFileSystem(given) : given;
  try {
    return new DirectoryDescriptor(fs.openRoot(), directoryRights, directoryRights | fileRights, preopen.guestPath);
  } catch (error) {
    if (error instanceof WasiOptionsError) throw error;
    throw new WasiOptionsError(`Cannot open "${preopen.guestPath}" for a guest: ${errorMessage(error)}`, error);
  }
}

function fileSystemOf(preopen: Preopen): FileSystem {
  if (preopen.fs !== undefined && preopen.hostPath === undefined) return preopen.fs;
  if (preopen.fs === undefined && preopen.hostPath !== undefined) return hostFileSystem(preopen.hostPath);
  throw new WasiOptionsError(
    `Cannot open "${preopen.guestPath}" for a guest: it needs either a host directory or a file system, not both or none`,
  );
}
