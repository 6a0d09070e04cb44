import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Cgroup, type CgroupBackend, type CgroupLimits, createEngine, detectCgroups } from "@wherry/engine";
import { afterAll, describe, expect, test } from "vitest";
import { engineOptions } from "./engine-options.ts";
import { eventually, startPod } from "./test-engine.ts";

const detection = detectCgroups();
const { backend } = detection;
if (backend === undefined) console.log(`Skipping the tests of limits: ${detection.reason}`);

describe.skipIf(backend === undefined)("limits of a sandbox", () => {
  const limits = backend;
  const cgroupParent = `/wherry-test-${process.pid}`;

  // Groups of sandboxes are removed with them; the one above is the caller's.
  afterAll(async () => {
    const last = limits?.create(cgroupParent, "last", {});
    await last?.remove();
    await limits?.open(last?.paths.map((path) => dirname(path)) ?? []).remove();
  });

  test("createSandbox() puts the sandbox into a group of its own, which shutdown() removes", async () => {
    const { sandbox, run } = await startPod({ limits }, { cgroupParent, memoryLimitBytes: 1 << 26 });
    await run("sleep");
    const group = readFileSync(`/proc/${sandbox.guestState("main").pid}/cgroup`, "utf8");
    expect(group).toContain(`/wherry-test-${process.pid}/pod`);
    await sandbox.shutdown();
  });

  test("a CPU limit slows a busy guest down", async () => {
    const { sandbox, run } = await startPod({ limits }, { cgroupParent, cpuLimitMillis: 200 });
    await run("spin");
    await sandbox.stats("main");
    const [startMs, before] = [performance.now(), (await sandbox.stats("main")).cpuUsageNanoseconds];
    await eventually(() => performance.now() > startMs + 1000, "a second");
    const used = ((await sandbox.stats("main")).cpuUsageNanoseconds - before) / 1e6 / (performance.now() - startMs);
    expect(used).toBeLessThan(0.35);
    await sandbox.updateLimits({ cpuLimitMillis: 2000 });
  });

  test("a guest over the sandbox's memory limit is OOMKilled", async () => {
    const { sandbox, run } = await startPod({ limits }, { cgroupParent, memoryLimitBytes: 1 << 20 });
    await run("touch");
    expect(await sandbox.waitGuest("main")).toMatchObject({ exitCode: 137, reason: "OOMKilled" });
    expect(sandbox.guestState("main").exit?.message).toContain("out of memory");
    await run("sleep", { id: "second" });
    process.kill(sandbox.guestState("second").pid, "SIGKILL");
    expect(await sandbox.waitGuest("second")).toMatchObject({ exitCode: 137, reason: "Error" });
  });

  test("recover() finds the groups of a sandbox again", async () => {
    const { directory } = await startPod({ limits }, { cgroupParent });
    const path = join(directory, "state/sandboxes/pod/sandbox.json");
    const { cgroups } = JSON.parse(readFileSync(path, "utf8")) as { cgroups: string[] };
    expect(cgroups.every((group) => existsSync(group))).toBe(true);
    const [found] = await createEngine({ ...engineOptions(directory), limits }).recover();
    await found?.shutdown();
    expect(cgroups.filter((group) => existsSync(group))).toEqual([]);
  });

  test("updateLimits() refuses to leave guests less memory than they have, which would kill one", async () => {
    const { sandbox, run } = await startPod({ limits }, { cgroupParent, memoryLimitBytes: 1 << 30 });
    await run("sleep");
    // A process's own share is a guess; below zero no guess helps.
    await expect(sandbox.updateLimits({ memoryLimitBytes: -(47 << 20) })).rejects.toMatchObject({
      code: "ResourceExhausted",
    });
    expect(sandbox.guestState("main").exit).toBeUndefined();
  });

  test("updateLimits() of memory holds for guests that a later engine makes", async () => {
    const { directory, sandbox } = await startPod({ limits }, { cgroupParent, memoryLimitBytes: 1 << 26 });
    await sandbox.updateLimits({ memoryLimitBytes: 1 << 27 });
    const path = join(directory, "state/sandboxes/pod/sandbox.json");
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ memoryLimitBytes: 1 << 27 });
  });

  test("updateLimits() is refused without a group", async () => {
    const { sandbox } = await startPod();
    await expect(sandbox.updateLimits({ cpuLimitMillis: 100 })).rejects.toMatchObject({ code: "FailedPrecondition" });
  });
});

test("createGuest() makes room for the process of each guest, also of those made together", async () => {
  const limits: CgroupLimits[] = [];
  const group: Cgroup = {
    paths: [],
    join: async () => undefined,
    update: (changed) => void limits.push(changed),
    memoryBytes: () => 0,
    oomKills: () => 0,
    remove: async () => undefined,
  };
  const backend: CgroupBackend = { version: 2, create: () => group, open: () => group };
  const { sandbox, spec } = await startPod({ limits: backend }, { memoryLimitBytes: 1 << 20 });
  const specs = await Promise.all(["one", "two"].map((id) => spec("sleep", { id })));
  await Promise.all(specs.map((wanted) => sandbox.createGuest(wanted)));
  expect(limits.at(-1)?.memoryLimitBytes).toBe((1 << 20) + 2 * (48 << 20));
  await sandbox.deleteGuest("one");
  await sandbox.createGuest({ ...specs[0]!, id: "three" });
  expect(limits.at(-1)?.memoryLimitBytes).toBe((1 << 20) + 2 * (48 << 20));
});
