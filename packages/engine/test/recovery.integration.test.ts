import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createEngine, type Engine, type Sandbox } from "@wherry/engine";
import { describe, expect, onTestFinished, test } from "vitest";
import { engineOptions } from "./engine-options.ts";
import { processExists, startEngineProcess } from "./engine-processes.ts";
import { eventually, podOf, startPod, temporaryDirectory } from "./test-engine.ts";
import { guests, writeGuest } from "./wat.ts";

async function recoverAll(engine: Engine): Promise<Sandbox[]> {
  const sandboxes = await engine.recover();
  onTestFinished(async () => void (await Promise.all(sandboxes.map((sandbox) => sandbox.shutdown()))));
  return sandboxes.sort((left, right) => left.id.localeCompare(right.id));
}

describe("Engine.recover()", () => {
  test("recover() finds ten guests running after the engine was killed", async () => {
    const directory = temporaryDirectory();
    const modulePath = await writeGuest(join(directory, "guest.wasm"), guests.ticks);
    const { child, pids } = await startEngineProcess(directory, modulePath, { count: 10 });
    child.kill("SIGKILL");
    await once(child, "exit");

    const before = statSync(join(directory, "pod-3.log")).size;
    await eventually(() => statSync(join(directory, "pod-3.log")).size > before, "output without an engine");
    const sandboxes = await recoverAll(createEngine(engineOptions(directory)));
    expect(sandboxes.map((sandbox) => [sandbox.id, sandbox.guestState("main").pid, sandbox.usable])).toEqual(
      pids.map((pid, index) => [`pod-${index}`, pid, true]),
    );
    for (const sandbox of sandboxes) expect(sandbox.guestState("main").state).toBe("running");
    await Promise.all(sandboxes.map((sandbox) => sandbox.killGuest("main", 15)));
    const exits = await Promise.all(sandboxes.map((sandbox) => sandbox.waitGuest("main")));
    expect(exits.map((exit) => exit.exitCode)).toEqual(sandboxes.map(() => 143));
  });

  test("recover() finds exits that happened without an engine", async () => {
    const directory = temporaryDirectory();
    const modulePath = await writeGuest(join(directory, "guest.wasm"), guests.exit7);
    const { child } = await startEngineProcess(directory, modulePath, { count: 1 });
    child.kill("SIGKILL");
    await once(child, "exit");
    const [sandbox] = await recoverAll(createEngine(engineOptions(directory)));
    expect(await sandbox?.waitGuest("main")).toMatchObject({ exitCode: 7, reason: "Error" });
  });

  test("recover() shows the end of a guest whose process was killed meanwhile", async () => {
    const directory = temporaryDirectory();
    const modulePath = await writeGuest(join(directory, "guest.wasm"), guests.sleep);
    const { child, pids } = await startEngineProcess(directory, modulePath, { count: 1 });
    child.kill("SIGKILL");
    await once(child, "exit");
    process.kill(pids[0] ?? 0, "SIGKILL");
    await eventually(() => !processExists(pids[0] ?? 0), "the process's end");

    const [sandbox] = await recoverAll(createEngine(engineOptions(directory)));
    expect(sandbox?.guestState("main")).toMatchObject({ state: "exited", exit: { exitCode: 137, reason: "Error" } });
    await expect(sandbox?.startGuest("main")).rejects.toMatchObject({ code: "FailedPrecondition" });
    await sandbox?.deleteGuest("main");
    expect(sandbox?.listGuests()).toEqual([]);
    await sandbox?.shutdown();
    expect(readdirSync(join(directory, "state/sandboxes"))).toEqual([]);
  });

  test("recover() takes over a guest that computes without a pause: it cannot answer, but be watched and killed", async () => {
    const directory = temporaryDirectory();
    const modulePath = await writeGuest(join(directory, "guest.wasm"), guests.spin);
    const { child, pids } = await startEngineProcess(directory, modulePath, { count: 2 });
    child.kill("SIGKILL");
    await once(child, "exit");
    const [first, second] = await recoverAll(createEngine(engineOptions(directory)));
    expect(first?.guestState("main").state).toBe("running");
    await first?.stats("main");
    await first?.killGuest("main", 15);
    expect(await first?.waitGuest("main")).toMatchObject({ exitCode: 143 });
    process.kill(pids[1] ?? 0, "SIGKILL");
    expect(await second?.waitGuest("main")).toMatchObject({ exitCode: 137 });
  });

  test("recover() does not take another process of the same number for the guest's", async () => {
    const { sandbox, run, directory } = await startPod();
    await run("sleep");
    const { pid } = sandbox.guestState("main");
    const path = join(directory, "state/sandboxes/pod/guests/main/process.json");
    const record = JSON.parse(readFileSync(path, "utf8")) as { pid: number; startTicks: string };
    writeFileSync(path, JSON.stringify({ ...record, pid: process.pid }));
    const [found] = await createEngine(engineOptions(directory)).recover();
    expect(found?.guestState("main").state).toBe("exited");
    expect(processExists(pid)).toBe(true);
  });

  test("recover() finds a sandbox of before the machine's start unusable", async () => {
    const { run, sandbox, directory } = await startPod();
    await run("hello");
    await sandbox.waitGuest("main");
    const path = join(directory, "state/sandboxes/pod/sandbox.json");
    const record = JSON.parse(readFileSync(path, "utf8")) as object;
    writeFileSync(path, JSON.stringify({ ...record, bootId: "another" }));
    const [found] = await createEngine(engineOptions(directory)).recover();
    expect(found?.usable).toBe(false);
    expect(found?.guestState("main").exit?.exitCode).toBe(0);
    await found?.shutdown();
  });

  test("recover() of nothing finds nothing, and removes what a crash left", async () => {
    const directory = temporaryDirectory();
    const engine = createEngine(engineOptions(directory));
    expect(await engine.recover()).toEqual([]);
    expect(statSync(join(directory, "state")).mode & 0o777).toBe(0o700);
  });
});

describe("Sandbox", () => {
  test("Sandbox tells that a guest's process was killed, and leaves the others alone", async () => {
    const { sandbox, run } = await startPod();
    await run("sleep", { id: "one" });
    await run("sleep", { id: "two" });
    const told: string[] = [];
    sandbox.onExit((exit) => told.push(`${exit.id} ${exit.exitCode}`));
    const { pid } = sandbox.guestState("one");
    process.kill(pid, "SIGKILL");
    expect(await sandbox.waitGuest("one")).toMatchObject({
      exitCode: 137,
      reason: "Error",
      message: `Ended with its host: host process ${pid} was killed by SIGKILL`,
    });
    expect(told).toEqual(["one 137"]);
    expect(sandbox.guestState("two").state).toBe("running");
    await expect(sandbox.stats("one")).rejects.toMatchObject({ code: "FailedPrecondition" });
  });
});

describe("Engine.run()", () => {
  test("run() keeps processes of the pool ready, which end with the engine's process", async () => {
    const directory = temporaryDirectory();
    const { child, pids } = await startEngineProcess(directory, "", { count: 0, poolSize: 2 });
    expect(pids).toEqual([]);
    const children = () => childrenOf(child.pid ?? 0);
    await eventually(() => children().length === 2, "two processes in the pool");
    const pool = children();
    child.kill("SIGKILL");
    await eventually(() => pool.every((pid) => !processExists(pid)), "the pool's end");
  });

  test("run() ends the pool at the signal and leaves those with a guest alone", async () => {
    const directory = temporaryDirectory();
    const engine = createEngine({ ...engineOptions(directory), poolSize: 1 });
    const controller = new AbortController();
    const running = engine.run(controller.signal);
    const { run, sandbox } = podOf(engine, await engine.createSandbox({ id: "pod" }), directory);
    await run("sleep");
    const { pid } = sandbox.guestState("main");
    await eventually(() => childrenOf(process.pid).length >= 2, "a process in the pool");
    const pool = childrenOf(process.pid).filter((child) => child !== pid);
    controller.abort();
    await running;
    expect(processExists(pid)).toBe(true);
    await eventually(() => pool.every((pid) => !processExists(pid)), "the pool's end");
    const [found] = await recoverAll(createEngine(engineOptions(directory)));
    expect(found?.guestState("main")).toMatchObject({ pid, state: "running" });
  });
});

describe("Engine.createSandbox()", () => {
  test("createSandbox() refuses an ID that is in use and IDs that are no file names", async () => {
    const { engine } = await startPod();
    await expect(engine.createSandbox({ id: "pod" })).rejects.toMatchObject({ code: "AlreadyExists" });
    await expect(engine.createSandbox({ id: "../pod" })).rejects.toMatchObject({ code: "InvalidArgument" });
  });

  test("createGuest() leaves nothing behind when processes cannot be started", async () => {
    const directory = temporaryDirectory();
    const unable = [{ hostEntry: join(directory, "absent.js") }, { nodeExecutable: join(directory, "absent") }];
    for (const [index, options] of unable.entries()) {
      const engine = createEngine({ ...engineOptions(directory), ...options });
      const { sandbox, spec } = podOf(engine, await engine.createSandbox({ id: `pod-${index}` }), directory);
      await expect(sandbox.createGuest(await spec("hello"))).rejects.toMatchObject({ code: "Unavailable" });
      expect(existsSync(join(directory, `state/sandboxes/pod-${index}/guests/main`))).toBe(false);
      await sandbox.shutdown();
    }
  });

  test("createGuest() starts processes of the optimized tier without the baseline compiler", async () => {
    const directory = temporaryDirectory();
    const nodeExecutable = join(directory, "node");
    const seen = join(directory, "arguments");
    writeFileSync(nodeExecutable, `#!/bin/sh\necho "$@" > ${seen}\nexec ${process.execPath} "$@"\n`, { mode: 0o755 });
    const { run, sandbox, log } = await startPod({ nodeExecutable }, { tier: "optimized" });
    await run("hello");
    expect((await sandbox.waitGuest("main")).exitCode).toBe(0);
    expect(log()).toEqual(["stdout F hello"]);
    expect(readFileSync(seen, "utf8")).toContain("--no-liftoff");
  });
});

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return text === "" ? [] : text.split(" ").map(Number);
}
