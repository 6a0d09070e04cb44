import { join } from "node:path";
import { errorCode } from "@wherry/base";
import { VolumeFault } from "./volume-fault.ts";
import { diskFileSystem, type WriterFileSystem } from "./writer-file-system.ts";

/** One file of a volume. */
export interface PayloadFile {
  readonly data: Uint8Array;
  /** Permission bits, at most 0o777. */
  readonly mode: number;
  /** User to give the file to, where the kubelet runs as root. */
  readonly ownerUid?: number;
}

/** Files of a volume by their path relative to it, with `/` between segments. */
export type Payload = ReadonlyMap<string, PayloadFile>;

export interface AtomicWriterOptions {
  /** Time for the name of the payload directory, milliseconds since the epoch. */
  readonly nowMs: number;
  /** The one that the directory is on. @default diskFileSystem */
  readonly fileSystem?: WriterFileSystem;
}

const dataLink = "..data";
const newDataLink = "..data_tmp";
const maxPathLength = 4096;
const maxNameLength = 255;

/**
 * Makes `directory` show exactly `payload`, in the layout that upstream's `AtomicWriter` gives to config maps, secrets,
 * downward API and projected volumes, and says whether anything had to be written.
 *
 * ```
 * <directory>/..2026_01_31_12_00_00.Ab3dEf/key      the payload
 * <directory>/..data -> ..2026_01_31_12_00_00.Ab3dEf  swapped by rename
 * <directory>/key -> ..data/key                      what users see
 * ```
 *
 * A reader, and a crash at any call, sees the files all old or all new: links to new names are made before the swap and hang
 * until then, links to names that are gone hang from then on until they are removed. Equal content and modes are not written
 * again; what an earlier crash left behind is removed. All links are relative, so that they resolve inside a sandbox too.
 * The directory must exist and belong to the caller; calls for one directory must not overlap.
 *
 * @throws VolumeFault `InvalidVolume` for a path that is absolute, has a `..` segment or starts with `..`; otherwise what
 * the file system throws, after which the old content is still in place.
 */
export async function writeAtomically(
  directory: string,
  payload: Payload,
  options: AtomicWriterOptions,
): Promise<boolean> {
  const fs = options.fileSystem ?? diskFileSystem;
  checkPaths(payload);
  const present = await fs.readdir(directory);
  const current = present.includes(dataLink) ? await fs.readlink(join(directory, dataLink)) : undefined;
  const wanted = new Set([...payload.keys()].map((path) => firstSegment(path)));
  if (current !== undefined && (await holds(fs, join(directory, current), payload))) {
    await link(fs, directory, present, wanted);
    await sweep(fs, directory, present, wanted, current);
    return false;
  }
  const fresh = await fs.mkdtemp(join(directory, `..${timestamp(options.nowMs)}.`));
  const name = fresh.slice(directory.length + 1);
  try {
    await allSettled([fill(fs, fresh, payload), link(fs, directory, present, wanted)]);
    if (present.includes(newDataLink)) await fs.rm(join(directory, newDataLink));
    await fs.symlink(name, join(directory, newDataLink));
    await fs.rename(join(directory, newDataLink), join(directory, dataLink));
  } catch (error) {
    // Best effort: the next call sweeps what stays.
    await fs.rm(fresh, { recursive: true, force: true }).catch(() => undefined);
    throw error;
  }
  await sweep(fs, directory, present, wanted, name);
  return true;
}

/** Whether `path` may be the path of a payload file; the text says what is wrong with it. */
export function payloadPathProblem(path: string): string | undefined {
  if (path === "") return "it is empty";
  if (path.startsWith("/")) return "it is absolute";
  if (path.length > maxPathLength) return `it is longer than ${maxPathLength} characters`;
  if (path.includes("\0")) return "it holds a NUL character";
  if (path.startsWith("..")) return 'it starts with ".."';
  for (const segment of path.split("/")) {
    if (segment === "..") return 'it holds a ".." segment';
    if (segment === "" || segment === ".") return "it is not in its shortest form";
    if (Buffer.byteLength(segment) > maxNameLength) return `a segment is longer than ${maxNameLength} bytes`;
  }
  return undefined;
}

function checkPaths(payload: Payload): void {
  for (const path of payload.keys()) {
    const problem = payloadPathProblem(path);
    if (problem !== undefined)
      throw new VolumeFault("InvalidVolume", `invalid path ${JSON.stringify(path)} in volume: ${problem}`);
    for (let cut = path.indexOf("/"); cut !== -1; cut = path.indexOf("/", cut + 1)) {
      const parent = path.slice(0, cut);
      if (!payload.has(parent)) continue;
      throw new VolumeFault("InvalidVolume", `path "${parent}" in volume is a file, but "${path}" needs a directory`);
    }
  }
}

/** Whether the directory `base` holds the files of `payload` with their modes, and no others. */
async function holds(fs: WriterFileSystem, base: string, payload: Payload): Promise<boolean> {
  try {
    const entries = await fs.readTree(base);
    const files = entries.filter((entry) => !entry.isDirectory());
    if (files.length !== payload.size) return false;
    for (const [path, file] of payload) {
      const info = await fs.stat(join(base, path));
      if (!info.isFile() || info.size !== file.data.length || (info.mode & 0o7777) !== file.mode) return false;
    }
    for (const [path, file] of payload) {
      const data = await fs.readFile(join(base, path));
      if (!data.equals(file.data)) return false;
    }
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return false;
    throw error;
  }
}

async function fill(fs: WriterFileSystem, base: string, payload: Payload): Promise<void> {
  const directories = new Set<string>();
  for (const path of payload.keys()) {
    for (let cut = path.indexOf("/"); cut !== -1; cut = path.indexOf("/", cut + 1)) directories.add(path.slice(0, cut));
  }
  // Set order: a parent was added before what is below it.
  for (const path of directories) {
    await fs.mkdir(join(base, path));
    await fs.chmod(join(base, path), 0o755);
  }
  const files = [...payload].map(([path, file]) => writeOne(fs, join(base, path), file));
  await allSettled([fs.chmod(base, 0o755), ...files]);
}

async function writeOne(fs: WriterFileSystem, path: string, file: PayloadFile): Promise<void> {
  const handle = await fs.open(path, "wx", 0o600);
  try {
    await handle.writeFile(file.data);
    // Not the mode of `open`, which the process's umask narrows.
    await handle.chmod(file.mode);
    if (file.ownerUid !== undefined && process.getuid?.() === 0) await handle.chown(file.ownerUid, -1);
  } finally {
    await handle.close();
  }
}

async function link(
  fs: WriterFileSystem,
  directory: string,
  present: readonly string[],
  names: ReadonlySet<string>,
): Promise<void> {
  const missing = names.difference(new Set(present));
  await allSettled([...missing].map((name) => fs.symlink(`${dataLink}/${name}`, join(directory, name))));
}

/** Removes links to names that are gone and directories of earlier payloads. */
async function sweep(
  fs: WriterFileSystem,
  directory: string,
  present: readonly string[],
  names: ReadonlySet<string>,
  current: string,
): Promise<void> {
  for (const name of present) {
    if (names.has(name) || name === dataLink || name === current) continue;
    await fs.rm(join(directory, name), { recursive: true, force: true });
  }
}

/** Rejects with the first failure, but only when nothing is under way any more. */
async function allSettled(work: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) if (result.status === "rejected") throw result.reason;
}

function firstSegment(path: string): string {
  const cut = path.indexOf("/");
  return cut === -1 ? path : path.slice(0, cut);
}

/** `2026_01_31_12_00_00`, as upstream names payload directories. */
function timestamp(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(0, 19).replace(/[-T:]/g, "_");
}
