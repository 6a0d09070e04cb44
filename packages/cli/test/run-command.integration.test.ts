import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { assembleWat, FakeRegistry, workloadKit } from "@wherry/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callWherry } from "./call-wherry.ts";
import { runWherry } from "./run-wherry.ts";

let directory: string;
let kit: string;
let registry: FakeRegistry;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "wherry-run-"));
  registry = await FakeRegistry.start();
  kit = await workloadKit();
});

afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

async function moduleFile(name: string, bytes: Uint8Array | string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, bytes);
  return path;
}

describe.concurrent("wherry run", () => {
  test.each([0, 42])("exits with %i as its guest did", async (code) => {
    expect((await runWherry(["run", kit, "exit", String(code)])).code).toBe(code);
  });

  test("exits with 134 after a trap and says what it was", async () => {
    const result = await runWherry(["run", kit, "--", "print", "before", "trap"]);
    expect(result).toMatchObject({ code: 134, stdout: "before\n" });
    expect(result.stderr).toMatch(/^error: the module trapped: .*unreachable/);
  });

  test("keeps standard output and error apart, and hands standard input over", async () => {
    const result = await runWherry(["run", kit, "error", "to stderr", "stdin"], { stdin: "from\nstdin\n" });
    expect(result).toMatchObject({ code: 0, stdout: "from\nstdin\n", stderr: "to stderr\n" });
  });

  test("gives the variables that are named and no others", async () => {
    const args = ["run", "--env", "A=1=2", "-e", "FROM_HERE", "--env=MISSING", kit, "environment"];
    const result = await runWherry(args, { env: { FROM_HERE: "yes", OTHER: "no" } });
    expect(result.stdout).toBe("A=1=2\nFROM_HERE=yes\n");
  });

  test("gives the file's name and the arguments, also those that look like flags after --", async () => {
    const result = await runWherry(["run", kit, "arguments", "--", "print", "--env"]);
    expect(result.stdout).toBe(`${basename(kit)}\narguments\nprint\n--env\n--env\n`);
  });

  test("gives the directories that are named, read-only where asked, and nothing beside them", async () => {
    const shared = join(directory, "shared");
    await mkdir(join(shared, "inner"), { recursive: true });
    await writeFile(join(shared, "file"), "content\n");
    await writeFile(join(directory, "secret"), "not for guests\n");
    const writable = await runWherry([
      "run",
      "--dir",
      `${shared}::/data`,
      kit,
      "cat",
      "/data/file",
      "write",
      "/data/new",
      "x",
    ]);
    expect(writable).toMatchObject({ code: 0, stdout: "content\n" });
    expect(await readFile(join(shared, "new"), "utf8")).toBe("x");
    const readOnly = await runWherry(["run", "--dir", `${shared}::/data:ro`, kit, "write", "/data/other", "x"]);
    expect(readOnly).toMatchObject({ code: 1, stderr: "/data/other: errno 69\n" });
    const outside = await runWherry(["run", "--dir", `${shared}::/data`, kit, "cat", "/data/../secret"]);
    expect(outside).toMatchObject({ code: 1, stdout: "" });
    const nothing = await runWherry(["run", kit, "cat", join(shared, "file")]);
    expect(nothing).toMatchObject({ code: 1, stdout: "" });
  });

  test("limits memory", async () => {
    const result = await runWherry(["run", "--memory", "16Mi", kit, "allocate", "4", "allocate", "32"]);
    expect(result.stdout).toBe("allocated 4 MiB\nrefused 32 MiB\n");
  });

  test.each([
    ["sleeps", "hold"],
    ["computes for ever", "spin"],
  ])("ends at SIGINT while the guest %s", async (_, command) => {
    const result = await runWherry(["run", kit, "print", "started", command], { signalAtOutput: "SIGINT" });
    expect(result).toMatchObject({ signal: "SIGINT", stdout: "started\n", stderr: "" });
  });

  test("writes everything where its output is read slowly or not to the end", async () => {
    const result = await runWherry(["run", kit, "lines", "20000", "200"]);
    expect(result.stdout).toHaveLength(20_000 * 200);
  });

  test("runs an image from a registry, with its file once pulled", async () => {
    registry.addImage("pulled-once", "v1", await readFile(kit));
    const image = `${registry.host}/pulled-once:v1`;
    // Tests beside this one ask the same registry for other images.
    const requests = () => registry.log.filter((line) => line.includes("/v2/pulled-once/"));
    const state = ["--state-dir", join(directory, "state")];
    const first = await runWherry(["run", ...state, image, "print", "from an image", "exit", "3"]);
    expect(first).toMatchObject({ code: 3, stdout: "from an image\n" });
    const before = requests();
    expect(before).not.toEqual([]);
    expect(await runWherry(["run", ...state, image, "exit", "4"])).toMatchObject({ code: 4 });
    expect(requests()).toEqual(before);
  });

  test.each<[string, () => Promise<string>, RegExp]>([
    ["a missing file", async () => "./missing.wasm", /^error: Cannot find module file ".*\/missing\.wasm"/],
    ["a directory", async () => directory, /^error: Cannot read module ".*": it is a directory/],
    ["a text file", () => moduleFile("text.wasm", "hello"), /^error: Cannot run ".*text\.wasm": .*does not start with/],
    [
      "a truncated module",
      async () => moduleFile("cut.wasm", (await readFile(kit)).subarray(0, 5000)),
      /^error: Cannot run ".*cut\.wasm"/,
    ],
    [
      "a component",
      () => moduleFile("component.wasm", Buffer.from("\0asm\x0d\0\x01\0", "latin1")),
      /it is a component, expected a core module/,
    ],
    [
      "an unknown import",
      async () =>
        moduleFile(
          "import.wasm",
          await assembleWat('(module (import "env" "f" (func)) (memory (export "memory") 1) (func (export "_start")))'),
        ),
      /it imports "env\.f", expected only functions of WASI preview 1/,
    ],
    [
      "an unknown registry",
      async () => "registry.invalid/app:v1",
      /^error: Cannot pull image "registry\.invalid\/app:v1": .*no such host/,
    ],
    ["an unknown tag", async () => `${registry.host}/app:v99`, /^error: Cannot pull image ".*\/app:v99": .* 404/],
  ])("refuses %s with a message that names it", async (_, target, message) => {
    const { code, stderr, stdout } = await callWherry([
      "run",
      "--state-dir",
      join(directory, "other-state"),
      await target(),
    ]);
    expect(stderr).toMatch(message);
    expect(stdout).toBe("");
    expect([1, 2]).toContain(code);
  });
});
