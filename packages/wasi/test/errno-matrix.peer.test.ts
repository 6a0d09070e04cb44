import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { skipReason } from "../../testkit/src/modules/guest-compilers.ts";
import { compilers, guestSource, runHere, runInWasmtime, wasmtimeMissing } from "./peers.ts";

const missing = skipReason("the comparison of errnos with wasmtime", compilers.c.missing, wasmtimeMissing);

/**
 * Lines that differ from wasmtime 48 on purpose: ours, theirs, why. Every other line of several hundred must be the same, and
 * each of these must really differ.
 */
const known: readonly (readonly [ours: string, theirs: string, why: string])[] = [
  ["rmdir with slash: 0", "rmdir with slash: 28", "POSIX and the WASI test suite remove it"],
  ["allocate zero: 28", "allocate zero: 58", "wasmtime has no fd_allocate"],
  ["path filestat slash: 54", "path filestat slash: 0", "a file is no directory, whatever it is asked for"],
  ["readdir of file: 54", "readdir of file: 8", "POSIX: ENOTDIR"],
  ["dir read: 31", "dir read: 8", "POSIX: EISDIR"],
  ["dir pread: 31", "dir pread: 8", "POSIX: EISDIR"],
  ["dir write: 31", "dir write: 8", "POSIX: EISDIR"],
  ["dir pwrite: 31", "dir pwrite: 8", "POSIX: EISDIR"],
  ["dir sync: 0", "dir sync: 8", "databases sync directories"],
  ["dir datasync: 0", "dir datasync: 8", "databases sync directories"],
  ["stdout advise: 70", "stdout advise: 8", "POSIX: ESPIPE"],
  ["stdout sync: 28", "stdout sync: 8", "POSIX: EINVAL"],
  ["clock res: 0", "clock res: 8", "wasmtime has no clocks of processor time"],
  ["clock time: 0", "clock time: 8", "wasmtime has no clocks of processor time"],
];

describe.skipIf(missing !== undefined)("errnos", () => {
  const directory = mkdtempSync(join(tmpdir(), "wherry-matrix-"));
  const module = join(directory, "matrix.wasm");
  beforeAll(() => compilers.c.compile(guestSource("errno-matrix.c"), module));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  test("are wasmtime's in several hundred calls, but for the differences that are meant", async () => {
    const guest = { args: [], env: {}, stdin: "" };
    const ours = await runHere(module, guest, "/");
    expect(ours.code).toBe(0);
    const ourLines = ours.stdout.trim().split("\n");
    const theirLines = runInWasmtime(module, guest, "/").stdout.trim().split("\n");
    // The last section passes bad pointers, for which wasmtime traps.
    const faults = ourLines.indexOf("write far buffer: 21");
    expect(ourLines.slice(faults)).toEqual([
      "write far buffer: 21",
      "read far buffer: 21",
      "random far: 21",
      "random none: 0",
      "write far list: 21",
      "clock far: 21",
    ]);
    expect(theirLines).toHaveLength(faults);
    expect(faults).toBeGreaterThan(300);
    const used = new Set<string>();
    for (const [index, theirs] of theirLines.entries()) {
      const mine = ourLines[index] as string;
      if (mine === theirs) continue;
      const difference = known.find(([a, b]) => a === mine && b === theirs);
      expect(difference, `ours "${mine}", wasmtime's "${theirs}"`).toBeDefined();
      used.add(mine);
    }
    expect([...used].sort()).toEqual(known.map(([mine]) => mine).sort());
  });
});
