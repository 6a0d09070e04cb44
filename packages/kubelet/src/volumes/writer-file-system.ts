import type { Dirent } from "node:fs";
import * as blocking from "node:fs";
import * as promised from "node:fs/promises";

/** A file that is being written. */
export interface WriterFile {
  writeFile(data: Uint8Array): Promise<void>;
  chmod(mode: number): Promise<void>;
  chown(uid: number, gid: number): Promise<void>;
  close(): Promise<void>;
}

/** The calls that writing a volume atomically makes, with the meanings of `node:fs/promises`. */
export interface WriterFileSystem {
  chmod(path: string, mode: number): Promise<void>;
  mkdir(path: string): Promise<unknown>;
  mkdtemp(prefix: string): Promise<string>;
  open(path: string, flags: "wx", mode: number): Promise<WriterFile>;
  readdir(path: string): Promise<string[]>;
  /** Whatever is below a directory, at any depth. */
  readTree(path: string): Promise<Dirent[]>;
  readFile(path: string): Promise<Buffer>;
  readlink(path: string): Promise<string>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string, options?: { readonly recursive: true; readonly force: true }): Promise<void>;
  stat(path: string): Promise<Pick<blocking.Stats, "isFile" | "size" | "mode">>;
  symlink(target: string, path: string): Promise<void>;
}

const wholeTree = { recursive: true, withFileTypes: true } as const;

/** Calls that may wait for a device, through libuv's pool of threads. */
export const diskFileSystem: WriterFileSystem = {
  ...promised,
  readTree: (path) => promised.readdir(path, wholeTree),
};

/**
 * Calls made at once, for a file system in memory: nothing there waits for a device, and a volume takes some twenty calls, each of
 * which would queue behind whatever else the pool's threads do.
 */
export const memoryFileSystem: WriterFileSystem = {
  chmod: atOnce(blocking.chmodSync),
  mkdir: atOnce((path: string) => blocking.mkdirSync(path)),
  mkdtemp: atOnce((prefix: string) => blocking.mkdtempSync(prefix)),
  open: atOnce((path: string, flags: "wx", mode: number) => openFile(blocking.openSync(path, flags, mode))),
  readdir: atOnce((path: string) => blocking.readdirSync(path)),
  readTree: atOnce((path: string) => blocking.readdirSync(path, wholeTree)),
  readFile: atOnce((path: string) => blocking.readFileSync(path)),
  readlink: atOnce((path: string) => blocking.readlinkSync(path)),
  rename: atOnce(blocking.renameSync),
  rm: atOnce(blocking.rmSync),
  stat: atOnce((path: string) => blocking.statSync(path)),
  symlink: atOnce((target: string, path: string) => blocking.symlinkSync(target, path)),
};

function openFile(descriptor: number): WriterFile {
  return {
    writeFile: atOnce((data: Uint8Array) => blocking.writeFileSync(descriptor, data)),
    chmod: atOnce((mode: number) => blocking.fchmodSync(descriptor, mode)),
    chown: atOnce((uid: number, gid: number) => blocking.fchownSync(descriptor, uid, gid)),
    close: atOnce(() => blocking.closeSync(descriptor)),
  };
}

/** The call made before the promise is returned, which tells what it threw. */
function atOnce<Arguments extends unknown[], Result>(
  call: (...args: Arguments) => Result,
): (...args: Arguments) => Promise<Result> {
  return async (...args) => call(...args);
}
