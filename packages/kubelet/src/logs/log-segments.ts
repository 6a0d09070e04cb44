import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errorCode } from "@wherry/base";

/** One file of a container's log, open for reading. */
export interface LogSegment extends AsyncDisposable {
  readonly handle: FileHandle;
  readonly isCompressed: boolean;
  /** Size when it was opened; of the compressed file where it is one. */
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** Device and inode: the same file under whatever name. */
  readonly identity: string;
  /** Whether it was the file written to when it was opened. */
  readonly isCurrent: boolean;
}

/** A rotated file of a log, named `<current>.<time>` or `<current>.<time>.gz`. */
export interface RotatedLog {
  readonly path: string;
  /** The time in the name, `YYYYMMDD-HHMMSS` with a counter where two fell into one second; sorts by age. */
  readonly stamp: string;
  readonly isCompressed: boolean;
}

const rotatedPattern = /^\.(\d{8}-\d{6}(?:-\d+)?)(\.gz)?$/;
const openTries = 5;

/** The rotated files of the log at `path`, oldest first; none where the directory does not exist. */
export async function listRotatedLogs(path: string): Promise<RotatedLog[]> {
  const directory = dirname(path);
  const current = basename(path);
  const rotated = new Map<string, RotatedLog>();
  for (const name of await readDirectory(directory)) {
    if (!name.startsWith(current)) continue;
    const match = rotatedPattern.exec(name.slice(current.length));
    const stamp = match?.[1];
    if (stamp === undefined) continue;
    const isCompressed = match?.[2] !== undefined;
    // While a file is being replaced by its compressed twin both exist; one is enough.
    if (isCompressed && rotated.has(stamp)) continue;
    rotated.set(stamp, { path: join(directory, name), stamp, isCompressed });
  }
  return [...rotated.values()].sort((a, b) => compareStamps(a.stamp, b.stamp));
}

/**
 * Opens all files of the log at `path`, oldest first and the current one last (absent between rotation and reopening).
 *
 * Together they are the log at one moment: a rotation or compression meanwhile is noticed and met by opening anew. The caller
 * disposes of the segments.
 */
export async function openLogSegments(path: string): Promise<LogSegment[]> {
  for (let attempt = 1; ; attempt++) {
    const segments: LogSegment[] = [];
    try {
      const current = await openSegment(path, false, true);
      if (current !== undefined) segments.push(current);
      let complete = true;
      for (const { path: rotatedPath, isCompressed } of (await listRotatedLogs(path)).reverse()) {
        const rotated = await openSegment(rotatedPath, isCompressed, false);
        if (rotated === undefined) complete = false;
        // The current file was rotated after we opened it.
        else if (segments.some(({ identity }) => identity === rotated.identity)) await rotated[Symbol.asyncDispose]();
        else segments.push(rotated);
      }
      // A vanished file was compressed or removed, another current one means a rotation; do not insist for ever.
      const steady = complete && (await fileIdentity(path)) === current?.identity;
      if (steady || attempt >= openTries) return segments.reverse();
    } catch (error) {
      await closeSegments(segments);
      throw error;
    }
    await closeSegments(segments);
  }
}

/** Opens one file; undefined when it does not exist. */
export async function openSegment(
  path: string,
  isCompressed: boolean,
  isCurrent: boolean,
): Promise<LogSegment | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(path, "r");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    const { dev, ino, size, mtimeMs } = await handle.stat();
    return {
      handle,
      isCompressed,
      isCurrent,
      sizeBytes: size,
      modifiedMs: mtimeMs,
      identity: `${dev}:${ino}`,
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Device and inode of the file at `path`; undefined when it does not exist. */
export async function fileIdentity(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(path);
    return `${dev}:${ino}`;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

export async function closeSegments(segments: readonly LogSegment[]): Promise<void> {
  await Promise.all(segments.map((segment) => segment[Symbol.asyncDispose]()));
}

async function readDirectory(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}

function compareStamps(a: string, b: string): number {
  const [dayA = "", timeA = "", countA = "0"] = a.split("-");
  const [dayB = "", timeB = "", countB = "0"] = b.split("-");
  return dayA.localeCompare(dayB) || timeA.localeCompare(timeB) || Number(countA) - Number(countB);
}
