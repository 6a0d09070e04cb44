import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "./guest-driver.ts";
import { findCases, runCase, type SuiteCase } from "./wasi-testsuite.ts";

interface AssemblyScript {
  compileString(
    sources: Readonly<Record<string, string>>,
    options: object,
  ): Promise<{ readonly binary: Uint8Array | null; readonly error: Error | null }>;
}

// By a name the type checker does not follow: the compiler's types declare a console and more of their own for everybody.
const compilerModule: string = "assemblyscript/asc";

describe("the runner of the WASI test suite", () => {
  const directory = mkdtempSync(join(tmpdir(), "wherry-cases-"));
  const caseNamed = (name: string): SuiteCase => ({ name, module: join(directory, `${name}.wasm`) });

  beforeAll(async () => {
    const exit = `(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))`;
    const save = async (name: string, text: string, file?: object) => {
      writeFileSync(join(directory, `${name}.wasm`), await compile(text));
      if (file !== undefined) writeFileSync(join(directory, `${name}.json`), JSON.stringify(file));
    };
    await save("plain", `(module (memory (export "memory") 1) (func (export "_start")))`);
    await save("trap", `(module (memory (export "memory") 1) (func (export "_start") unreachable))`);
    const failing = `(module ${exit} (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const 7))))`;
    await save("seven", failing, { exit_code: 7 });
    await save("unexpected", failing, { stdout: "something" });
    await save("foreign", `(module (import "env" "f" (func)) (memory (export "memory") 1) (func (export "_start")))`);
    mkdirSync(join(directory, "files.dir"));
    writeFileSync(join(directory, "files.dir", "greeting.txt"), "hello, ");
    const source = readFileSync(join(import.meta.dirname, "guests", "case-io.as.ts"), "utf8");
    const { default: asc } = (await import(compilerModule)) as { readonly default: AssemblyScript };
    const { binary, error } = await asc.compileString({ "input.ts": source }, { runtime: "stub", use: ["abort="] });
    expect(error).toBeNull();
    writeFileSync(join(directory, "io.wasm"), binary as Uint8Array);
    const run = { args: ["a", "b"], env: { NAME: "you" }, dirs: ["files.dir"] };
    writeFileSync(join(directory, "io.json"), JSON.stringify({ ...run, exit_code: 33, stdout: "hello, NAME=you" }));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  test("finds the commands of preview 1 and nothing else", () => {
    expect(findCases(directory).map(({ name }) => name)).toEqual(["io", "plain", "seven", "trap", "unexpected"]);
  });

  test("passes what does as its file says", async () => {
    for (const name of ["plain", "seven", "io"]) expect((await runCase(caseNamed(name))).failures, name).toEqual([]);
  });

  test("names what is otherwise", async () => {
    expect((await runCase(caseNamed("trap"))).failures).toEqual(["trapped: unreachable"]);
    expect((await runCase(caseNamed("unexpected"))).failures).toEqual([
      "exit code 7, expected 0",
      'stdout "", expected "something"',
    ]);
  });
});
