import { FileError } from "../errors.ts";
import type { DirectoryHandle, FileSystem } from "./file-system.ts";
import { MemoryDirectory } from "./memory-handles.ts";
import { MemoryDirectoryNode, MemoryFileNode, MemorySpace } from "./memory-node.ts";

/** Files by name: text, bytes, or a directory of more. */
export interface MemoryTree {
  readonly [name: string]: string | Uint8Array | MemoryTree;
}

export interface MemoryFileSystemOptions {
  /** Most bytes of contents; ENOSPC beyond. @default 64 MiB */
  readonly maxBytes?: number;
  /** Most files, directories and links together; ENOSPC beyond. @default 65,536 */
  readonly maxNodes?: number;
  /** Nanoseconds since the Unix epoch. @default the machine's clock */
  readonly nowNs?: () => bigint;
}

const defaultMaxBytes = 64 * 1024 * 1024;
const defaultMaxNodes = 65_536;

/**
 * Files that live in this object: config maps, secrets and scratch space on platforms without a safe way to open host
 * directories, and tests. Each guest, and each preopen of one, that is given the same object sees the same files.
 */
export class MemoryFileSystem implements FileSystem {
  readonly #root: MemoryDirectoryNode;

  /** `tree` is copied. Throws `FileError` for names that are no single path segment and trees over the limits. */
  constructor(tree: MemoryTree = {}, options: MemoryFileSystemOptions = {}) {
    const nowNs = options.nowNs ?? (() => BigInt(Date.now()) * 1_000_000n);
    const space = new MemorySpace(options.maxBytes ?? defaultMaxBytes, options.maxNodes ?? defaultMaxNodes, nowNs);
    this.#root = new MemoryDirectoryNode(space, undefined);
    fill(this.#root, tree);
  }

  openRoot(): DirectoryHandle {
    return new MemoryDirectory(this.#root);
  }
}

function fill(directory: MemoryDirectoryNode, tree: MemoryTree): void {
  for (const [name, content] of Object.entries(tree)) {
    if (name === "" || name === "." || name === ".." || /[/\0]/.test(name)) {
      throw new FileError("EINVAL", `"${name}" is no single segment of a path`);
    }
    if (typeof content === "string" || content instanceof Uint8Array) {
      const file = new MemoryFileNode(directory.space);
      file.write(typeof content === "string" ? Buffer.from(content) : content, 0);
      directory.add(name, file);
    } else {
      const child = new MemoryDirectoryNode(directory.space, directory);
      directory.add(name, child);
      fill(child, content);
    }
  }
}
