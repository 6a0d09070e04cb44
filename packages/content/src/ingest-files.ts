import { constants, renameSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { removeTree } from "./remove-tree.ts";

/** The data file of an ingest. */
export interface IngestFile {
  readonly sizeBytes: number;
  write(chunks: readonly Uint8Array[], position: number): Promise<void>;
  /** Answers the number of bytes read; 0 at the end. */
  read(buffer: Uint8Array, position: number): Promise<number>;
  truncate(sizeBytes: number): Promise<void>;
  /** Returns when the content would survive a power failure. */
  sync(): Promise<void>;
  makeReadOnly(): Promise<void>;
  close(): Promise<void>;
}

/** The file operations of ingests; tests replace them to fail or to die at a chosen one. */
export interface IngestFiles {
  /** Opens for reading and writing; creates when missing. */
  open(path: string): Promise<IngestFile>;
  /** Synchronous, because it happens inside a transaction. */
  rename(from: string, to: string): void;
  syncDirectory(path: string): Promise<void>;
  /** Removes a directory and all in it; nothing when it is missing. */
  remove(path: string): Promise<void>;
}

export const nodeIngestFiles: IngestFiles = {
  open: async (path) => {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
    const handle = await open(path, flags, 0o600);
    const { size } = await handle.stat();
    return new NodeIngestFile(handle, size);
  },
  rename: renameSync,
  syncDirectory: async (path) => {
    // Directories cannot be opened there.
    if (process.platform === "win32") return;
    const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  remove: removeTree,
};

class NodeIngestFile implements IngestFile {
  readonly sizeBytes: number;
  readonly #handle: FileHandle;

  constructor(handle: FileHandle, sizeBytes: number) {
    this.#handle = handle;
    this.sizeBytes = sizeBytes;
  }

  async write(chunks: readonly Uint8Array[], position: number): Promise<void> {
    let rest = chunks.filter((chunk) => chunk.length > 0);
    while (rest.length > 0) {
      let { bytesWritten } = await this.#handle.writev(rest, position);
      position += bytesWritten;
      // A full disk may take a part before it refuses the next write.
      rest = rest.flatMap((chunk) => {
        const written = Math.min(chunk.length, bytesWritten);
        bytesWritten -= written;
        return written === chunk.length ? [] : [chunk.subarray(written)];
      });
    }
  }

  async read(buffer: Uint8Array, position: number): Promise<number> {
    return (await this.#handle.read(buffer, 0, buffer.length, position)).bytesRead;
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.#handle.truncate(sizeBytes);
  }

  sync(): Promise<void> {
    return this.#handle.sync();
  }

  makeReadOnly(): Promise<void> {
    return this.#handle.chmod(0o444);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
