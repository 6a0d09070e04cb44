import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ContainerStatus } from "@wherry/runtime";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exitMessage } from "../../src/standard/exit-message.ts";
import { annotations } from "../../src/standard/labels.ts";

describe("exitMessage()", () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "wherry-exit-"));
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  const line = (text: string, tag = "F") => `2026-01-01T00:00:00.000000000Z stderr ${tag} ${text}\n`;

  function message(
    file: string,
    more: { readonly exitCode?: number; readonly message?: string; readonly policy?: string } = {},
  ) {
    const { exitCode = 1, message: own = "", policy = "FallbackToLogsOnError" } = more;
    const status = {
      name: "main",
      attempt: 2,
      exitCode,
      message: own,
      logPath: join(directory, "2.log"),
      annotations: { [annotations.terminationMessagePolicy]: policy },
    };
    const logs = {
      prepare: () => Promise.reject(new Error("unused")),
      read: async () => file,
      prune: async () => undefined,
    };
    return exitMessage(logs, "uid", status as unknown as ContainerStatus);
  }

  test("exitMessage() is what the container wrote, or the runtime's, or both", async () => {
    expect(await message("disk full")).toBe("disk full");
    expect(await message("", { message: "trap: unreachable" })).toBe("trap: unreachable");
    expect(await message("disk full", { message: "trap: unreachable" })).toBe("trap: unreachable: disk full");
  });

  test("exitMessage() falls back to the end of the log on errors only, and where the policy says so", async () => {
    await writeFile(join(directory, "2.log"), line("one") + line("tw", "P") + line("o"));
    expect(await message("")).toBe("one\ntwo\n");
    expect(await message("", { exitCode: 0 })).toBe("");
    expect(await message("", { policy: "File" })).toBe("");
    expect(await message("disk full")).toBe("disk full");
  });

  test("exitMessage() takes at most 80 lines and 2048 bytes of the log", async () => {
    const short = Array.from({ length: 100 }, (_, index) => line(String(index))).join("");
    await writeFile(join(directory, "2.log"), short);
    expect((await message("")).split("\n").slice(0, 1)).toEqual(["20"]);
    await writeFile(join(directory, "2.log"), line("é".repeat(20_000)));
    // The first byte of the 2,048 is the second one of a character, the last one the end of the line.
    expect(await message("")).toBe(`${"é".repeat(1023)}\n`);
  });

  test.each([
    ["the longest line there is", line("x".repeat(16_384))],
    ["a line in two parts", line("x".repeat(16_384), "P") + line("x")],
    ["a line of another writer, longer than what is read", line("x".repeat(300_000))],
  ])("exitMessage() is the end of %s (it was once empty)", async (_name, text) => {
    await writeFile(join(directory, "2.log"), line("before") + text);
    expect(await message("")).toBe(`${"x".repeat(2047)}\n`);
    await writeFile(join(directory, "2.log"), text + line("why"));
    expect(await message("")).toBe(`${"x".repeat(2043)}\nwhy\n`);
  });

  test("exitMessage() without a log is empty", async () => {
    expect(await message("")).toBe("");
  });
});
