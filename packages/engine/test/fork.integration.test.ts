import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createEngine, type Host } from "@wherry/engine";
import { describe, expect, onTestFinished, test } from "vitest";
import { engineOptions } from "./engine-options.ts";
import { processExists, startEngineProcess } from "./engine-processes.ts";
import { eventually, podOf, startPod, temporaryDirectory } from "./test-engine.ts";
import { guests, writeGuest } from "./wat.ts";

const fork = { hostStart: "fork" } as const;

describe("EngineOptions.hostStart fork", () => {
  test("a forked host runs guests, logs and ends as a spawned one does", async () => {
    const { host, run, log } = await startPod(fork);
    await run("hello", { id: "one" });
    await run("trap", { id: "two" });
    await run("spin", { id: "three" });
    expect((await host.waitGuest("one")).exitCode).toBe(0);
    expect((await host.waitGuest("two")).exitCode).toBe(134);
    expect(log("one")).toEqual(["stdout F hello"]);
    await host.killGuest("three", 9);
    await host.shutdown();
    expect(processExists(host.pid)).toBe(false);
  });

  test("a forked host is its template's child, in a session of its own", async () => {
    const { host } = await startPod(fork);
    const [parent, group, session] = (readFileSync(`/proc/${host.pid}/stat`, "utf8").split(") ")[1] ?? "")
      .split(" ")
      .slice(1);
    expect(readFileSync(`/proc/${parent}/cmdline`, "utf8").replaceAll("\0", " ")).toContain(" template");
    expect([group, session]).toEqual([String(host.pid), String(host.pid)]);
  });

  test("forked hosts have different random numbers", async () => {
    const directory = temporaryDirectory();
    const engine = createEngine({ ...engineOptions(directory), ...fork });
    const texts = await Promise.all(
      Array.from({ length: 6 }, async (_, index) => {
        const host = await engine.createHost({ id: `pod-${index}` });
        onTestFinished(() => host.shutdown());
        const pod = podOf(engine, host, directory);
        await pod.run("random", { id: `guest-${index}` });
        await host.waitGuest(`guest-${index}`);
        return pod.log(`guest-${index}`)[0];
      }),
    );
    expect(texts[0]).toMatch(/^stdout F [A-P]{64}$/);
    expect(new Set(texts).size).toBe(6);
  });

  test("many hosts are forked at the same time, each once", async () => {
    const directory = temporaryDirectory();
    const engine = createEngine({ ...engineOptions(directory), ...fork });
    const hosts = await Promise.all(
      Array.from({ length: 20 }, (_, index) => engine.createHost({ id: `pod-${index}` })),
    );
    onTestFinished(async () => void (await Promise.all(hosts.map((host) => host.shutdown()))));
    expect(new Set(hosts.map(({ pid }) => pid)).size).toBe(20);
    const template = parentOf(hosts[0]);
    expect(childrenOf(template).sort()).toEqual(hosts.map(({ pid }) => pid).sort());
  });

  test("a forked host that is killed is told with its signal, and its template goes on", async () => {
    const { engine, host, run } = await startPod(fork);
    await run("sleep");
    process.kill(host.pid, "SIGKILL");
    expect((await host.died).reason).toBe(`host process ${host.pid} was killed by SIGKILL`);
    const next = await engine.createHost({ id: "next" });
    onTestFinished(() => next.shutdown());
    expect(next.alive).toBe(true);
  });

  test("a template that died is replaced, and its hosts go on", async () => {
    const { engine, host, run } = await startPod(fork);
    await run("ticks");
    const template = parentOf(host);
    process.kill(template, "SIGKILL");
    await eventually(() => !processExists(template), "the template's end");
    const next = await engine.createHost({ id: "next" });
    onTestFinished(() => next.shutdown());
    expect(parentOf(next)).not.toBe(template);
    expect((await host.guestState("main")).state).toBe("running");
  });

  test("forked hosts are recovered after the engine was killed, its pool and template gone", async () => {
    const directory = temporaryDirectory();
    const modulePath = await writeGuest(join(directory, "guest.wasm"), guests.ticks);
    const { child, pids } = await startEngineProcess(directory, modulePath, {
      count: 3,
      poolSize: 2,
      hostStart: "fork",
    });
    const template = parentOf({ pid: pids[0] ?? 0 });
    await eventually(() => childrenOf(template).length === 5, "two hosts in the pool");
    const pool = childrenOf(template).filter((pid) => !pids.includes(pid));
    child.kill("SIGKILL");
    await once(child, "exit");
    await eventually(() => [...pool, template].every((pid) => !processExists(pid)), "the end of pool and template");
    const hosts = await createEngine(engineOptions(directory)).recover();
    onTestFinished(async () => void (await Promise.all(hosts.map((host) => host.shutdown()))));
    expect(hosts.map((host) => host.alive)).toEqual([true, true, true]);
    await hosts[0]?.killGuest("main", 15);
    expect(await hosts[0]?.waitGuest("main")).toMatchObject({ exitCode: 143 });
  });

  test("a host is spawned where forking is not possible", async () => {
    const { nodeArguments = [] } = engineOptions("");
    const { host, run } = await startPod({ ...fork, nodeArguments: [...nodeArguments, "--no-experimental-ffi"] });
    expect(parentOf(host)).toBe(process.pid);
    await run("hello");
    expect((await host.waitGuest("main")).exitCode).toBe(0);
  });
});

function parentOf(host: Pick<Host, "pid"> | undefined): number {
  return Number((readFileSync(`/proc/${host?.pid}/stat`, "utf8").split(") ")[1] ?? "").split(" ")[1]);
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
}
