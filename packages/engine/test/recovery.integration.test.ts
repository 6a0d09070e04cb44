import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createEngine, type Engine, type Host } from "@wherry/engine";
import { describe, expect, onTestFinished, test } from "vitest";
import { engineOptions } from "./engine-options.ts";
import { processExists, startEngineProcess } from "./engine-processes.ts";
import { eventually, startPod, temporaryDirectory } from "./test-engine.ts";
import { guests, writeGuest } from "./wat.ts";

async function recoverAll(engine: Engine): Promise<Host[]> {
  const hosts = await engine.recover();
  onTestFinished(async () => void (await Promise.all(hosts.map((host) => host.shutdown()))));
  return hosts.sort((left, right) => left.id.localeCompare(right.id));
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
    const hosts = await recoverAll(createEngine(engineOptions(directory)));
    expect(hosts.map((host) => [host.id, host.pid, host.alive])).toEqual(
      pids.map((pid, index) => [`pod-${index}`, pid, true]),
    );
    for (const host of hosts) expect((await host.guestState("main")).state).toBe("running");
    await Promise.all(hosts.map((host) => host.killGuest("main", 15)));
    const exits = await Promise.all(hosts.map((host) => host.waitGuest("main")));
    expect(exits.map((exit) => exit.exitCode)).toEqual(hosts.map(() => 143));
  });

  test("recover() finds exits that happened without an engine", async () => {
    const directory = temporaryDirectory();
    const modulePath = await writeGuest(join(directory, "guest.wasm"), guests.exit7);
    const { child } = await startEngineProcess(directory, modulePath, { count: 1 });
    child.kill("SIGKILL");
    await once(child, "exit");
    const [host] = await recoverAll(createEngine(engineOptions(directory)));
    expect(await host?.waitGuest("main")).toMatchObject({ exitCode: 7, reason: "Error" });
  });

  test("recover() shows a host that died meanwhile, with the exit of its guest", async () => {
    const directory = temporaryDirectory();
    const modulePath = await writeGuest(join(directory, "guest.wasm"), guests.sleep);
    const { child, pids } = await startEngineProcess(directory, modulePath, { count: 1 });
    child.kill("SIGKILL");
    await once(child, "exit");
    process.kill(pids[0] ?? 0, "SIGKILL");
    await eventually(() => !processExists(pids[0] ?? 0), "the host's end");

    const [host] = await recoverAll(createEngine(engineOptions(directory)));
    expect(host?.alive).toBe(false);
    expect(await host?.waitGuest("main")).toMatchObject({ exitCode: 137, reason: "Error" });
    expect(await host?.guestState("main")).toMatchObject({ state: "exited" });
    await expect(host?.startGuest("main")).rejects.toMatchObject({ code: "Unavailable" });
    await host?.deleteGuest("main");
    expect(await host?.listGuests()).toEqual([]);
    await host?.shutdown();
    expect(readdirSync(join(directory, "state/hosts"))).toEqual([]);
  });

  test("recover() does not take another process of the same number for the host", async () => {
    const { engine, host, run, directory } = await startPod();
    await run("sleep");
    const path = join(directory, "state/hosts/pod/host.json");
    const record = JSON.parse(readFileSync(path, "utf8")) as { process: { pid: number; startTicks: string } };
    record.process = { ...record.process, pid: process.pid };
    writeFileSync(path, JSON.stringify(record));
    const [found] = await createEngine(engineOptions(directory)).recover();
    expect(found?.alive).toBe(false);
    expect(engine.capabilities.cgroupVersion).toBeUndefined();
    expect(host.alive).toBe(true);
  });

  test("recover() of nothing finds nothing, and removes what a crash left", async () => {
    const directory = temporaryDirectory();
    const engine = createEngine(engineOptions(directory));
    expect(await engine.recover()).toEqual([]);
    expect(statSync(join(directory, "state")).mode & 0o777).toBe(0o700);
  });
});

describe("Host", () => {
  test("Host tells that its process was killed, and what became of its guests", async () => {
    const { host, run } = await startPod();
    await run("sleep", { id: "one" });
    await run("exit7", { id: "two" });
    await host.waitGuest("two");
    const told: string[] = [];
    host.onExit((exit) => told.push(`${exit.id} ${exit.exitCode}`));
    process.kill(host.pid, "SIGKILL");
    expect((await host.died).reason).toBe(`host process ${host.pid} was killed by SIGKILL`);
    expect(await host.waitGuest("one")).toMatchObject({
      exitCode: 137,
      reason: "Error",
      message: expect.stringContaining("SIGKILL") as unknown,
    });
    expect((await host.waitGuest("two")).exitCode).toBe(7);
    expect(told).toEqual(["one 137"]);
    expect(host.alive).toBe(false);
    await expect(host.stats("one")).rejects.toMatchObject({ code: "Unavailable" });
  });
});

describe("Engine.run()", () => {
  test("run() keeps hosts of the pool ready, which end with the engine's process", async () => {
    const directory = temporaryDirectory();
    const { child, pids } = await startEngineProcess(directory, "", { count: 0, poolSize: 2 });
    expect(pids).toEqual([]);
    const children = () => childrenOf(child.pid ?? 0);
    await eventually(() => children().length === 2, "two hosts in the pool");
    const pool = children();
    child.kill("SIGKILL");
    await eventually(() => pool.every((pid) => !processExists(pid)), "the pool's end");
  });

  test("run() ends the pool at the signal and leaves hosts with a pod alone", async () => {
    const directory = temporaryDirectory();
    const engine = createEngine({ ...engineOptions(directory), poolSize: 1 });
    const controller = new AbortController();
    const running = engine.run(controller.signal);
    const host = await engine.createHost({ id: "pod" });
    await eventually(() => childrenOf(process.pid).length >= 2, "a host in the pool");
    const pool = childrenOf(process.pid).filter((pid) => pid !== host.pid);
    controller.abort();
    await running;
    expect(processExists(host.pid)).toBe(true);
    await eventually(() => pool.every((pid) => !processExists(pid)), "the pool's end");
    const [found] = await recoverAll(createEngine(engineOptions(directory)));
    expect([found?.pid, found?.alive]).toEqual([host.pid, true]);
  });
});

describe("Engine.createHost()", () => {
  test("createHost() refuses an ID that is in use and IDs that are no file names", async () => {
    const { engine } = await startPod();
    await expect(engine.createHost({ id: "pod" })).rejects.toMatchObject({ code: "AlreadyExists" });
    await expect(engine.createHost({ id: "../pod" })).rejects.toMatchObject({ code: "InvalidArgument" });
  });

  test("createHost() leaves nothing behind when hosts cannot be started", async () => {
    const directory = temporaryDirectory();
    const engine = createEngine({ ...engineOptions(directory), hostEntry: join(directory, "absent.js") });
    await expect(engine.createHost({ id: "pod" })).rejects.toMatchObject({ code: "Unavailable" });
    expect(existsSync(join(directory, "state/hosts/pod"))).toBe(false);
    const other = createEngine({ ...engineOptions(directory), nodeExecutable: join(directory, "absent") });
    await expect(other.createHost({ id: "pod" })).rejects.toMatchObject({ code: "Unavailable" });
  });

  test("createHost() starts hosts of the optimized tier without the baseline compiler", async () => {
    const directory = temporaryDirectory();
    const nodeExecutable = join(directory, "node");
    const seen = join(directory, "arguments");
    writeFileSync(nodeExecutable, `#!/bin/sh\necho "$@" > ${seen}\nexec ${process.execPath} "$@"\n`, { mode: 0o755 });
    const { run, host, log } = await startPod({ nodeExecutable }, { tier: "optimized" });
    await run("hello");
    expect((await host.waitGuest("main")).exitCode).toBe(0);
    expect(log()).toEqual(["stdout F hello"]);
    expect(readFileSync(seen, "utf8")).toContain("--no-liftoff");
  });
});

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return text === "" ? [] : text.split(" ").map(Number);
}
