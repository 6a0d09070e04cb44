import * as fs from "node:fs";
import type { FileStat, FileTimes } from "../files/file-system.ts";

const nsPerSecond = 1_000_000_000n;
const currentDirectory = -100;
const noFollow = 0x100;
const utimeNow = (1n << 30n) - 1n;
const utimeOmit = (1n << 30n) - 2n;

type Utimensat = (directory: number, path: string, times: BigInt64Array, flags: number) => number;

/**
 * Sets times of files to the nanosecond.
 *
 * Node's own calls take seconds as a floating-point number, which is good for a quarter of a microsecond, and know no "keep
 * this one". `utimensat` is called through `node:ffi` where Node has it (26); elsewhere, and where the permission model or
 * another C library is in the way, times are rounded as Node rounds them.
 */
export class LinuxTimes {
  readonly #find: () => Utimensat | undefined;
  /** Looked for at the first use: most guests never set a time. */
  #utimensat: Utimensat | "absent" | undefined;

  constructor(find: () => Utimensat | undefined = findUtimensat) {
    this.#find = find;
  }

  /** Of an open file or directory, whatever it was opened for. */
  setOfDescriptor(fd: number, times: FileTimes, stat: () => FileStat): void {
    const path = `/proc/self/fd/${fd}`;
    if (this.#setPrecisely(path, times, 0)) return;
    // Not futimes: it refuses descriptors opened with O_PATH.
    fs.utimesSync(path, ...seconds(times, stat()));
  }

  /** Of a directory's entry; of a link itself. */
  setOfEntry(path: string, times: FileTimes, stat: () => FileStat): void {
    if (this.#setPrecisely(path, times, noFollow)) return;
    fs.lutimesSync(path, ...seconds(times, stat()));
  }

  /** False where it cannot or the system refused; then Node's own call has the say, and the error to throw. */
  #setPrecisely(path: string, times: FileTimes, flags: number): boolean {
    this.#utimensat ??= this.#find() ?? "absent";
    if (this.#utimensat === "absent") return false;
    const timespecs = new BigInt64Array([...timespec(times.accessedNs), ...timespec(times.modifiedNs)]);
    return this.#utimensat(currentDirectory, path, timespecs, flags) === 0;
  }
}

function findUtimensat(): Utimensat | undefined {
  // The layout of timespec below is that of 64-bit systems.
  if (process.arch !== "x64" && process.arch !== "arm64") return undefined;
  try {
    const { functions } = loadFfi().dlopen(null, {
      utimensat: { arguments: ["i32", "string", "buffer", "i32"], return: "i32" },
    });
    return functions.utimensat as unknown as Utimensat;
  } catch {
    return undefined;
  }
}

/** Loads the module without its warning, which would reach the user in the middle of a guest's output. */
function loadFfi(): typeof import("node:ffi") {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return process.getBuiltinModule("node:ffi");
  } finally {
    process.emitWarning = emitWarning;
  }
}

function timespec(time: bigint | "now" | undefined): [bigint, bigint] {
  if (time === undefined) return [0n, utimeOmit];
  if (time === "now") return [0n, utimeNow];
  return [time / nsPerSecond, time % nsPerSecond];
}

function seconds(times: FileTimes, current: FileStat): [number, number] {
  const now = Date.now() / 1000;
  const pick = (time: bigint | "now" | undefined, kept: bigint) =>
    time === "now" ? now : Number(time ?? kept) / Number(nsPerSecond);
  return [pick(times.accessedNs, current.accessedNs), pick(times.modifiedNs, current.modifiedNs)];
}
