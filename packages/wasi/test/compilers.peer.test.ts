import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { skipReason } from "../../testkit/src/modules/guest-compilers.ts";
import { compilers, guestSource, runHere, runInWasmtime, wasmtimeMissing } from "./peers.ts";

const guest = { args: ["first"], env: { GREETING: "hello world" }, stdin: "one\ntwo\n" };

const programs = [
  { compiler: compilers.c, source: "posix.c" },
  { compiler: compilers.rust, source: "std.rs" },
  { compiler: compilers.go, source: "go" },
];

for (const { compiler, source } of programs) {
  const missing = skipReason(`guests in ${compiler.language}`, compiler.missing);
  describe.skipIf(missing !== undefined)(`a guest in ${compiler.language}`, () => {
    const directory = mkdtempSync(join(tmpdir(), "wherry-guest-"));
    const module = join(directory, "guest.wasm");
    beforeAll(() => compiler.compile(guestSource(source), module));
    afterAll(() => rmSync(directory, { recursive: true, force: true }));

    test("finds files, time, environment and input as it expects them", async () => {
      const outcome = await runHere(module, guest, "/data");
      expect(outcome.stdout).not.toContain("unexpected");
      expect(outcome.stdout).toContain("first hello world");
      expect(outcome.stdout).toMatch(/in: one\nin: two\n/);
      expect(outcome).toMatchObject({ code: 42, stderr: "to stderr\n" });
    });

    test.skipIf(skipReason("the comparison with wasmtime", wasmtimeMissing) !== undefined)(
      "says the same as in wasmtime",
      async () => {
        expect(await runHere(module, guest, "/data")).toEqual(runInWasmtime(module, guest, "/data"));
      },
    );
  });
}
