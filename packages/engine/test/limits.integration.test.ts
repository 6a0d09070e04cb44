import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createEngine, detectCgroups } from "@wherry/engine";
import { afterAll, describe, expect, test } from "vitest";
import { engineOptions } from "./engine-options.ts";
import { eventually, startPod } from "./test-engine.ts";

const detection = detectCgroups();
const { backend } = detection;
if (backend === undefined) console.log(`Skipping the tests of limits: ${detection.reason}`);

describe.skipIf(backend === undefined)("limits of a host", () => {
  const limits = backend;
  const cgroupParent = `/wherry-test-${process.pid}`;

  // Groups of hosts are removed with them; the one above is the caller's.
  afterAll(async () => {
    const last = limits?.create(cgroupParent, "last", {});
    await last?.remove();
    await limits?.open(last?.paths.map((path) => dirname(path)) ?? []).remove();
  });

  test("createHost() puts the host into a group of its own, which shutdown() removes", async () => {
    const { host, run } = await startPod({ limits }, { cgroupParent, memoryLimitBytes: 1 << 26 });
    await run("sleep");
    const group = readFileSync(`/proc/${host.pid}/cgroup`, "utf8");
    expect(group).toContain(`/wherry-test-${process.pid}/pod`);
    await host.shutdown();
  });

  test("a CPU limit slows a busy guest down", async () => {
    const { host, run } = await startPod({ limits }, { cgroupParent, cpuLimitMillis: 200 });
    await run("spin");
    await host.stats("main");
    const [startMs, before] = [performance.now(), (await host.stats("main")).cpuUsageNanoseconds];
    await eventually(() => performance.now() > startMs + 1000, "a second");
    const used = ((await host.stats("main")).cpuUsageNanoseconds - before) / 1e6 / (performance.now() - startMs);
    expect(used).toBeLessThan(0.35);
    await host.updateLimits({ cpuLimitMillis: 2000 });
  });

  test("a guest over the host's memory limit is OOMKilled", async () => {
    const { host, run } = await startPod({ limits }, { cgroupParent, memoryLimitBytes: 1 << 20 });
    await run("touch");
    expect(await host.waitGuest("main")).toMatchObject({ exitCode: 137, reason: "OOMKilled" });
    expect((await host.died).reason).toContain("out of memory");
  });

  test("recover() removes the groups of a host that died", async () => {
    const { host, directory } = await startPod({ limits }, { cgroupParent });
    const path = join(directory, "state/hosts/pod/host.json");
    const { cgroups } = JSON.parse(readFileSync(path, "utf8")) as { cgroups: string[] };
    expect(cgroups.every((group) => existsSync(group))).toBe(true);
    process.kill(host.pid, "SIGKILL");
    await host.died;
    const [found] = await createEngine({ ...engineOptions(directory), limits }).recover();
    await found?.shutdown();
    expect(cgroups.filter((group) => existsSync(group))).toEqual([]);
  });

  test("updateLimits() is refused without a group", async () => {
    const { host } = await startPod();
    await expect(host.updateLimits({ cpuLimitMillis: 100 })).rejects.toMatchObject({ code: "FailedPrecondition" });
  });
});
