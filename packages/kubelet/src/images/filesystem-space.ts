import { statfs } from "node:fs/promises";

export interface FilesystemSpace {
  readonly capacityBytes: number;
  /** What users may still take. */
  readonly availableBytes: number;
}

/** The room on the file system that holds `path`. */
export async function filesystemSpace(path: string): Promise<FilesystemSpace> {
  const { blocks, bavail, bsize } = await statfs(path);
  return { capacityBytes: blocks * bsize, availableBytes: bavail * bsize };
}
