import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { silentLogger } from "@wherry/base";
import { findProgram } from "@wherry/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RegistryServer } from "../src/registry/registry-server.ts";

const run = promisify(execFile);

// crane is an OCI client of others.
const executable = findProgram("WHERRY_CRANE", "crane");
if (executable === undefined) console.warn("crane tests are skipped: no crane (WHERRY_CRANE or PATH)");

let directory: string;
let server: RegistryServer;
let address: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "wherry-crane-"));
  server = new RegistryServer({ directory: join(directory, "registry"), port: 0, logger: silentLogger });
  address = await server.listen();
});

afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

async function crane(...args: string[]): Promise<string> {
  const { stdout } = await run(executable as string, args, { env: { ...process.env, HOME: directory } });
  return stdout.trim();
}

describe.skipIf(executable === undefined)("crane", () => {
  test("pushes, validates, copies, lists, pulls and deletes", async () => {
    const content = join(directory, "file.txt");
    const layer = join(directory, "layer.tar");
    writeFileSync(content, "hello".repeat(100_000));
    await run("tar", ["cf", layer, "-C", directory, "file.txt"]);
    await crane("append", "-f", layer, "-t", `${address}/team/app:v1`);
    await crane("validate", "--remote", `${address}/team/app:v1`);
    await crane("copy", `${address}/team/app:v1`, `${address}/other/app:v2`);
    expect(await crane("digest", `${address}/other/app:v2`)).toBe(await crane("digest", `${address}/team/app:v1`));
    expect(await crane("ls", `${address}/team/app`)).toBe("v1");
    expect((await crane("catalog", address)).split("\n")).toEqual(["other/app", "team/app"]);
    await crane("mutate", `${address}/team/app:v1`, "--entrypoint", "/x", "-t", `${address}/team/app:v3`);
    await crane("pull", `${address}/team/app:v3`, join(directory, "pulled.tar"));
    await crane("delete", `${address}/other/app:v2`);
    expect(await crane("ls", `${address}/other/app`)).toBe("");
  });
});
