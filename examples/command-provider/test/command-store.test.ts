import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@wherry/base";
import { eventually, processEnded } from "@wherry/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type CommandInstance, CommandStore } from "../src/command-store.ts";
import { readNote, writeNote } from "../src/instance-files.ts";
import { identityOf, isAlive, sendSignal } from "../src/process-identity.ts";

let directory: string;
let store: CommandStore;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "wherry-store-"));
  store = new CommandStore(join(directory, "commands"), systemClock);
});
afterEach(async () => {
  for (const uid of await store.pods()) await store.remove(uid);
  await rm(directory, { recursive: true, force: true });
});

function start(words: readonly string[], attempt = 0): Promise<CommandInstance> {
  const logPath = join(directory, "logs", `${attempt}.log`);
  const note = { container: "main", attempt, image: "command", logPath, createdAtMs: systemClock.now() };
  const spec = { words, env: { PATH: "/usr/bin:/bin" }, workingDirectory: directory, logPath };
  return store.start("uid", note, spec, () => undefined);
}

async function until(what: string, holds: (instance: CommandInstance) => boolean): Promise<CommandInstance> {
  let found: CommandInstance | undefined;
  await eventually(what, async () => {
    [found] = await store.instances("uid");
    return found !== undefined && holds(found);
  });
  return found!;
}

describe("CommandStore", () => {
  test("instances() of another object on the same directory has what runs and what ended", async () => {
    await start(["sh", "-c", "echo out; exit 3"]);
    const { exit, logPath } = await until("the end", (instance) => instance.exit !== undefined);
    expect(exit).toMatchObject({ exitCode: 3, reason: "" });
    expect(await readFile(logPath, "utf8")).toMatch(/^\S+ stdout F out\n$/);
    await start(["sleep", "3600"], 1);
    await until("the second start", ({ running }) => running !== undefined);
    const other = await new CommandStore(join(directory, "commands"), systemClock).instances("uid");
    expect(other.map(({ attempt, exit }) => [attempt, exit?.exitCode])).toEqual([
      [1, undefined],
      [0, 3],
    ]);
  });

  test("instances() ends a command whose supervisor was killed, and says so", async () => {
    const { directory: instance } = await start(["sleep", "3600"]);
    const { running } = await until("the start", (found) => found.running !== undefined);
    sendSignal(readNote(instance, "supervisor")!, "SIGKILL");
    const { exit } = await until("the end", (found) => found.exit !== undefined);
    expect(exit).toMatchObject({ exitCode: 137, message: expect.stringContaining("supervisor") });
    await processEnded(running!.command.pid);
  });

  test("what a command started ends with it, and does not hold its log open", async () => {
    await start(["sh", "-c", "sleep 3600 & echo $!"]);
    const { logPath } = await until("the end", (instance) => instance.exit !== undefined);
    const pid = Number(/F (\d+)\n/.exec(await readFile(logPath, "utf8"))?.[1]);
    expect(pid).toBeGreaterThan(1);
    await eventually("The end of what it started", () => identityOf(pid) === undefined);
  });

  test("discard() of an instance that is only starting leaves nothing that could start later", async () => {
    const witness = join(directory, "witness");
    const { directory: instance } = await start(["touch", witness]);
    await store.discard(instance);
    expect(await store.instances("uid")).toEqual([]);
    await start(["true"], 1);
    await until("the end of the second", ({ attempt, exit }) => attempt === 1 && exit !== undefined);
    expect([instance, witness].map((path) => existsSync(path))).toEqual([false, false]);
  });

  test("instances() gives up one that an earlier life of the kubelet noted and never started", async () => {
    const instance = join(store.podDirectory("uid"), "containers/main/0");
    await mkdir(instance, { recursive: true });
    const logPath = join(directory, "0.log");
    writeNote(instance, "instance", { container: "main", attempt: 0, image: "", logPath, createdAtMs: 0 });
    expect(await store.instances("uid")).toEqual([]);
    expect(existsSync(instance)).toBe(false);
  });

  test("podDirectory() refuses what is no UID", () => {
    expect(() => store.podDirectory("../elsewhere")).toThrow("expected a UID");
  });
});

describe("isAlive()", () => {
  test("isAlive() tells a process from another one of its number, and from one of another boot", () => {
    const self = identityOf(process.pid)!;
    expect(isAlive(self)).toBe(true);
    expect(isAlive({ ...self, startTicks: "1" })).toBe(false);
    expect(isAlive({ ...self, bootId: "another" })).toBe(false);
    expect(identityOf(2 ** 22 + 1)).toBeUndefined();
  });
});
