import { WasiOptionsError } from "../errors.ts";
import type { FileSystem } from "../files/file-system.ts";
import { openLinuxRoot } from "./linux-directory.ts";

/**
 * The files of a host directory, for a preopen.
 *
 * Only Linux has what the sandbox needs (an open beneath a directory handle that follows no link). Elsewhere this throws
 * `WasiOptionsError`; give such guests a `MemoryFileSystem`.
 */
export function hostFileSystem(path: string, platform: NodeJS.Platform = process.platform): FileSystem {
  if (platform !== "linux") {
    throw new WasiOptionsError(
      `Cannot open host directory "${path}" for a guest: files can be confined to a directory on Linux only, this is "${platform}"; use a virtual file system`,
    );
  }
  return { openRoot: () => openLinuxRoot(path) };
}
