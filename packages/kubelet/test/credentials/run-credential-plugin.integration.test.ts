import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeClock } from "@wherry/base";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCredentialPlugin } from "../../src/credentials/run-credential-plugin.ts";

describe("runCredentialPlugin()", () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "wherry-plugin-"));
  });

  afterAll(() => rm(directory, { recursive: true, force: true }));

  async function run(
    script: string,
    { clock = new FakeClock(), signal = new AbortController().signal, input = "the request" } = {},
  ): Promise<string> {
    const program = join(await mkdtemp(join(directory, "plugin-")), "plugin");
    await writeFile(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const env = { PATH: process.env["PATH"], GREETING: "hello" };
    return runCredentialPlugin({ program, args: ["a b", "$HOME"], env, input, timeoutMs: 60_000, clock, signal });
  }

  test("gives input, arguments and environment as they are, and answers the output", async () => {
    expect(await run('cat; echo "|$1|$2|$GREETING|$HOME|"')).toBe("the request|a b|$HOME|hello||\n");
  });

  test("does not mind a plug-in that reads nothing", async () => {
    expect(await run("echo done", { input: "x".repeat(1_000_000) })).toBe("done\n");
  });

  test("rejects with what the plug-in says on its standard error, without its output", async () => {
    const failure = await run("echo secret; echo no such role >&2; exit 3").catch((error: Error) => error.message);
    expect(failure).toMatch(/^Cannot run the plug-in ".*": it ended with exit code 3: no such role$/);
  });

  test("rejects a program that cannot be started", async () => {
    const call = { args: [], env: {}, input: "", timeoutMs: 1, clock: new FakeClock() };
    await expect(
      runCredentialPlugin({ ...call, program: join(directory, "none"), signal: new AbortController().signal }),
    ).rejects.toThrow("it cannot be started");
  });

  test("kills a plug-in that prints without end", async () => {
    await expect(run("exec yes")).rejects.toThrow("it printed more than 1048576 bytes");
  });

  test("kills a plug-in that takes longer than a minute, also when a child of it holds its output open", async () => {
    const clock = new FakeClock();
    const outcome = run("sleep 600 & wait", { clock }).catch((error: Error) => error.message);
    while ((await Promise.race([outcome, clock.advance(30_000).then(() => "")])) === "");
    expect(await outcome).toContain("it was not done in 60 s");
  });

  test("kills a plug-in when the kubelet ends", async () => {
    const stop = new AbortController();
    const outcome = run("exec sleep 600", { signal: stop.signal });
    stop.abort();
    await expect(outcome).rejects.toThrow();
  });
});
