/**
 * The files a guest can reach, one path segment at a time.
 *
 * Handles never see a path: a name is one segment, never empty, `.`, `..` or with a slash or NUL in it, and no method follows
 * a symbolic link. What a path means is decided by `resolveBeneath` alone, so every implementation is confined by
 * construction. All methods are synchronous and throw errors whose `code` is the POSIX name (`FileError` or Node's own).
 */
export interface FileSystem {
  /** Opens the top directory; the caller closes it. */
  openRoot(): DirectoryHandle;
}

export type FileKind =
  | "regular-file"
  | "directory"
  | "symbolic-link"
  | "block-device"
  | "character-device"
  | "fifo"
  | "socket";

export interface FileStat {
  readonly device: bigint;
  readonly inode: bigint;
  readonly kind: FileKind;
  readonly linkCount: bigint;
  readonly sizeBytes: bigint;
  readonly accessedNs: bigint;
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
}

/** New times in nanoseconds since the Unix epoch, `"now"`, or undefined to keep one as it is. */
export interface FileTimes {
  readonly accessedNs: bigint | "now" | undefined;
  readonly modifiedNs: bigint | "now" | undefined;
}

export interface OpenOptions {
  readonly read: boolean;
  readonly write: boolean;
  readonly create: boolean;
  /** With `create`: EEXIST when the name exists. */
  readonly exclusive: boolean;
  readonly truncate: boolean;
  /** ENOTDIR unless it is a directory. */
  readonly directory: boolean;
}

export interface DirectoryEntry {
  readonly name: string;
  readonly kind: FileKind;
  readonly inode: bigint;
}

/** An open regular file. Positions are bytes from its start; reads and writes beyond 2^53 are the caller's to refuse. */
export interface FileHandle {
  readonly kind: "regular-file";
  /** Bytes read, 0 at the end of the file. */
  read(into: Uint8Array, position: number): number;
  /** Bytes written, all of them unless the medium is full. */
  write(bytes: Uint8Array, position: number): number;
  /** Writes at the end, in one step with finding it. */
  append(bytes: Uint8Array): number;
  stat(): FileStat;
  truncate(sizeBytes: number): void;
  /** Makes the file at least `offset + length` bytes long, with space for these; as long as before when there is none. */
  allocate(offset: number, length: number): void;
  setTimes(times: FileTimes): void;
  sync(): void;
  dataSync(): void;
  close(): void;
}

/** The entries of one directory in a fixed order, from its beginning. */
export interface DirectoryIterator {
  next(): DirectoryEntry | undefined;
  close(): void;
}

/** An open directory. It stays the same directory when it is moved or replaced. */
export interface DirectoryHandle {
  readonly kind: "directory";
  /** Opens a directory to walk through. ENOTDIR for anything else, links included. */
  openDirectory(name: string): DirectoryHandle;
  /** Opens a file or a directory. ELOOP for a link; EISDIR for a directory with `write`; EACCES for devices, pipes and sockets. */
  open(name: string, options: OpenOptions): FileHandle | DirectoryHandle;
  /** A second handle of this directory. */
  duplicate(): DirectoryHandle;
  /** The entry itself, never what a link points to; undefined when there is none. */
  lookup(name: string): FileStat | undefined;
  /** The text of a link. EINVAL for anything else. */
  readLink(name: string): string;
  createDirectory(name: string): void;
  removeDirectory(name: string): void;
  unlink(name: string): void;
  /** `to` must be a handle of the same file system, else EXDEV. */
  rename(name: string, to: DirectoryHandle, toName: string): void;
  link(name: string, to: DirectoryHandle, toName: string): void;
  symbolicLink(target: string, name: string): void;
  setEntryTimes(name: string, times: FileTimes): void;
  entries(): DirectoryIterator;
  stat(): FileStat;
  setTimes(times: FileTimes): void;
  sync(): void;
  close(): void;
}
