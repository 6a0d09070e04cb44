import { FileError } from "../errors.ts";
import type { FileKind, FileStat, FileTimes } from "./file-system.ts";

/** What all nodes of one memory file system share: its clock, inode numbers and how much it may hold. */
export class MemorySpace {
  readonly #maxBytes: number;
  readonly #maxNodes: number;
  readonly #nowNs: () => bigint;
  #usedBytes = 0;
  #nodes = 0;
  #lastInode = 0n;

  constructor(maxBytes: number, maxNodes: number, nowNs: () => bigint) {
    this.#maxBytes = maxBytes;
    this.#maxNodes = maxNodes;
    this.#nowNs = nowNs;
  }

  nowNs(): bigint {
    return this.#nowNs();
  }

  /** The inode number of a new node. ENOSPC when there are too many. */
  addNode(): bigint {
    if (this.#nodes >= this.#maxNodes) throw new FileError("ENOSPC", "the file system has no room for another entry");
    this.#nodes += 1;
    this.#lastInode += 1n;
    return this.#lastInode;
  }

  removeNode(): void {
    this.#nodes -= 1;
  }

  /** Takes or, if negative, gives back room for contents. ENOSPC when there is none. */
  charge(bytes: number): void {
    if (this.#usedBytes + bytes > this.#maxBytes) throw new FileError("ENOSPC", "the file system is full");
    this.#usedBytes += bytes;
  }
}

abstract class MemoryNodeBase {
  readonly space: MemorySpace;
  readonly #inode: bigint;
  linkCount = 1n;
  openHandles = 0;
  #accessedNs: bigint;
  #modifiedNs: bigint;
  #changedNs: bigint;

  constructor(space: MemorySpace) {
    this.space = space;
    this.#inode = space.addNode();
    const now = space.nowNs();
    this.#accessedNs = now;
    this.#modifiedNs = now;
    this.#changedNs = now;
  }

  abstract readonly kind: FileKind;
  abstract readonly sizeBytes: number;
  /** Gives back what the contents took. */
  protected abstract discard(): void;

  stat(): FileStat {
    return {
      device: 0n,
      inode: this.#inode,
      kind: this.kind,
      linkCount: this.linkCount,
      sizeBytes: BigInt(this.sizeBytes),
      accessedNs: this.#accessedNs,
      modifiedNs: this.#modifiedNs,
      changedNs: this.#changedNs,
    };
  }

  setTimes(times: FileTimes): void {
    const now = this.space.nowNs();
    const pick = (time: bigint | "now" | undefined, kept: bigint) => (time === "now" ? now : (time ?? kept));
    this.#accessedNs = pick(times.accessedNs, this.#accessedNs);
    this.#modifiedNs = pick(times.modifiedNs, this.#modifiedNs);
    this.#changedNs = now;
  }

  touchModified(): void {
    this.#modifiedNs = this.space.nowNs();
    this.#changedNs = this.#modifiedNs;
  }

  touchChanged(): void {
    this.#changedNs = this.space.nowNs();
  }

  /** A name or a handle of the node went away; with the last one goes the node. */
  released(): void {
    if (this.linkCount > 0n || this.openHandles > 0) return;
    this.discard();
    this.space.removeNode();
  }
}

export class MemoryFileNode extends MemoryNodeBase {
  readonly kind = "regular-file";
  /** Longer than the contents, so that appending does not copy each time. */
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #size = 0;

  get sizeBytes(): number {
    return this.#size;
  }

  read(into: Uint8Array, position: number): number {
    const piece = this.#bytes.subarray(Math.min(position, this.#size), Math.min(position + into.length, this.#size));
    into.set(piece);
    return piece.length;
  }

  write(bytes: Uint8Array, position: number): number {
    if (position + bytes.length > this.#size) this.resize(position + bytes.length);
    this.#bytes.set(bytes, position);
    this.touchModified();
    return bytes.length;
  }

  /** Cuts the contents or adds zeros. */
  resize(size: number): void {
    this.space.charge(size - this.#size);
    if (size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(size, Math.min(this.#bytes.length * 2, this.#bytes.length + 1_048_576)));
      grown.set(this.#bytes.subarray(0, this.#size));
      this.#bytes = grown;
    } else if (size < this.#size) {
      this.#bytes.fill(0, size, this.#size);
    }
    this.#size = size;
    this.touchModified();
  }

  protected discard(): void {
    this.space.charge(-this.#size);
    this.#bytes = new Uint8Array(0);
    this.#size = 0;
  }
}

export class MemoryLinkNode extends MemoryNodeBase {
  readonly kind = "symbolic-link";
  readonly target: string;

  constructor(space: MemorySpace, target: string) {
    super(space);
    this.target = target;
  }

  get sizeBytes(): number {
    return Buffer.byteLength(this.target);
  }

  protected discard(): void {
    // The text is not counted.
  }
}

export class MemoryDirectoryNode extends MemoryNodeBase {
  readonly kind = "directory";
  readonly entries: Map<string, MemoryNode> = new Map();
  /** Of the top directory itself. */
  parent: MemoryDirectoryNode | undefined;

  constructor(space: MemorySpace, parent: MemoryDirectoryNode | undefined) {
    super(space);
    this.parent = parent;
  }

  get sizeBytes(): number {
    return this.entries.size;
  }

  /** Adds an entry whose name is free. ENOENT in a directory that was removed. */
  add(name: string, node: MemoryNode): void {
    if (this.linkCount === 0n) throw new FileError("ENOENT", "the directory was removed");
    this.entries.set(name, node);
    this.touchModified();
  }

  /** Takes an entry away without releasing its node. */
  take(name: string): void {
    this.entries.delete(name);
    this.touchModified();
  }

  protected discard(): void {
    this.entries.clear();
  }
}

export type MemoryNode = MemoryFileNode | MemoryLinkNode | MemoryDirectoryNode;
