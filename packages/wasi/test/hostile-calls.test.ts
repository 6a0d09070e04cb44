import { expect, test } from "vitest";
import { hostFileSystem, MemoryFileSystem, type Preopen } from "../src/index.ts";
import { Errno } from "../src/preview1/errno.ts";
import { HostSandbox } from "./file-systems.ts";
import {
  drive,
  fullDirectoryRights,
  fullFileRights,
  functionNames,
  type GuestDriver,
  logCollector,
  parametersOf,
} from "./guest-driver.ts";

const errnos = new Set<number>(Object.values(Errno));
const names = functionNames.filter((name) => name !== "proc_exit");
const numbers = [0, 1, 2, 3, 4, 5, 6, 8, 16, 63, 64, 1024, 1025, 4096, 65_536, 131_064, 131_072, 0x7fff_ffff, -1, -8];
const wide = [0n, 1n, 2n, 64n, 4096n, 2n ** 31n, 2n ** 53n, 2n ** 63n - 1n, -1n, -(2n ** 63n), 0x3fff_ffffn, 1n << 30n];

/** mulberry32: the same sequence for the same seed everywhere. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A clock that jumps ahead whenever it is read, so that no poll waits long. */
function leapingClock() {
  let now = 0n;
  const read = () => (now += 1n << 60n);
  return {
    realtimeNs: read,
    monotonicNs: read,
    cpuTimeNs: read,
    resolutionNs: { realtime: 1n, monotonic: 1n, cpuTime: 1n },
    setTimer: (_delayMs: number, callback: () => void) => {
      const immediate = setImmediate(callback);
      return () => clearImmediate(immediate);
    },
  };
}

const paths = [
  "a",
  "a/b",
  "../a",
  "/a",
  "a/../..",
  ".",
  "",
  "a/./b/",
  "link",
  "link/x",
  "\0",
  "b/c/d",
  "x".repeat(300),
];

/** Where a function takes paths. */
const pathArguments: Readonly<Record<string, readonly number[]>> = {
  path_create_directory: [1],
  path_filestat_get: [2],
  path_filestat_set_times: [2],
  path_link: [2, 5],
  path_open: [2],
  path_readlink: [1],
  path_remove_directory: [1],
  path_rename: [1, 4],
  path_symlink: [0, 3],
  path_unlink_file: [1],
};

/** Where a function takes descriptors. */
function descriptorArguments(name: string): readonly number[] {
  if (name === "path_symlink") return [2];
  if (name === "path_link") return [0, 4];
  if (name === "path_rename") return [0, 3];
  return /^(fd|path|sock)_/.test(name) ? [0] : [];
}

async function makeRandomCalls(guest: GuestDriver, random: () => number, count: number): Promise<void> {
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;
  const texts = paths.map((path) => guest.text(path));
  for (let round = 0; round < count; round++) {
    const name = pick(names);
    const args = [...parametersOf(name)].map((type) =>
      type === "I" ? pick(wide) : random() < 0.3 ? Math.floor(random() * 140_000) : pick(numbers),
    );
    // Mostly real paths and descriptors, so that calls get further than their first check.
    for (const at of pathArguments[name] ?? []) if (random() < 0.9) args.splice(at, 2, ...pick(texts));
    for (const at of descriptorArguments(name))
      if (random() < 0.8) args[at] = random() < 0.6 ? 3 : pick([0, 1, 4, 5, 6, 7]);
    if (name === "path_open" && random() < 0.8) {
      const oflags = pick([0, 1, 1, 2, 8]);
      args.splice(
        4,
        4,
        oflags,
        oflags === 2 ? fullDirectoryRights : fullFileRights,
        fullFileRights,
        pick([0, 0, 1, 4]),
      );
    }
    if (name === "fd_close" && random() < 0.9) continue;
    const errno = await guest.call(name, ...args);
    if (!errnos.has(errno)) throw new Error(`${name}(${args.join(", ")}) answered ${errno}`);
    if (random() < 0.05) {
      const noise = new Uint8Array(guest.memory.buffer, 2048 + Math.floor(random() * 100_000), 64);
      for (let index = 0; index < noise.length; index++) noise[index] = Math.floor(random() * 256) & 0x1f;
    }
  }
}

const seed = Number(process.env["WHERRY_TEST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const kinds: readonly (readonly [string, (sandbox: HostSandbox) => Preopen])[] = [
  ["memory", () => ({ guestPath: "/", fs: new MemoryFileSystem({ a: { b: "text" }, b: { c: {} } }) })],
  ...(process.platform === "linux"
    ? [["host", (sandbox: HostSandbox) => ({ guestPath: "/", fs: hostFileSystem(sandbox.root) })] as const]
    : []),
];

for (const [kind, preopen] of kinds) {
  test(`all functions answer errnos to random arguments on ${kind} files (seed ${seed})`, async () => {
    using sandbox = new HostSandbox();
    const { logger, entries } = logCollector();
    const random = createRandom(seed);
    for (let guests = 0; guests < 20; guests++) {
      const status = await drive(
        { preopens: [preopen(sandbox), preopen(sandbox)], clock: leapingClock(), random: () => undefined, logger },
        (guest) => makeRandomCalls(guest, random, 200),
      );
      expect(status).toEqual({ kind: "exited", code: 0 });
    }
    expect(entries).toEqual([]);
  });
}
