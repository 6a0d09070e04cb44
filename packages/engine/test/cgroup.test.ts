import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { cgroupV1 } from "../src/platform/cgroup-v1.ts";
import { cgroupV2 } from "../src/platform/cgroup-v2.ts";
import { detectCgroups } from "../src/platform/detect-cgroups.ts";

/** Directories that stand for mounted hierarchies: plain files take what the kernel would. */
function fakeHierarchy(): string {
  const root = mkdtempSync(join(tmpdir(), "wherry-cgroup-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

const read = (path: string) => readFileSync(path, "utf8");

describe("cgroupV1()", () => {
  test("cgroupV1() makes a group in both hierarchies with its limits", async () => {
    const root = fakeHierarchy();
    for (const name of ["memory", "cpu"]) mkdirSync(join(root, name));
    const backend = cgroupV1({ memory: join(root, "memory"), cpu: join(root, "cpu") });
    const group = backend.create("/kubepods/pod1", "host", { memoryLimitBytes: 1 << 26, cpuLimitMillis: 250 });
    await group.join(42);
    expect(group.paths).toEqual([join(root, "memory/kubepods/pod1/host"), join(root, "cpu/kubepods/pod1/host")]);
    expect(read(join(root, "memory/kubepods/pod1/host/memory.limit_in_bytes"))).toBe("67108864");
    expect(read(join(root, "cpu/kubepods/pod1/host/cpu.cfs_quota_us"))).toBe("25000");
    expect(read(join(root, "cpu/kubepods/pod1/host/cgroup.procs"))).toBe("42");
    writeFileSync(join(root, "memory/kubepods/pod1/host/memory.oom_control"), "under_oom 0\noom_kill 3\n");
    expect(backend.open(group.paths).oomKills()).toBe(3);
    writeFileSync(join(root, "memory/kubepods/pod1/host/memory.usage_in_bytes"), "4096\n");
    expect(group.memoryBytes()).toBe(4096);
  });

  test.each(["/../evil", "a/./b", "a:b", "/x\0y"])("cgroupV1() refuses the parent %j", (parent) => {
    const root = fakeHierarchy();
    expect(() => cgroupV1({ memory: root, cpu: root }).create(parent, "host", {})).toThrow(
      expect.objectContaining({ code: "InvalidArgument" }),
    );
  });
});

describe("cgroupV2()", () => {
  test("cgroupV2() passes controllers on and sets limits", () => {
    const root = fakeHierarchy();
    const group = cgroupV2(root).create("/wherry", "host", { memoryLimitBytes: 1 << 26, cpuLimitMillis: 1500 });
    const path = join(root, "wherry/host");
    expect(group.paths).toEqual([path]);
    expect(read(join(root, "cgroup.subtree_control"))).toBe("+cpu +memory");
    expect(read(join(root, "wherry/cgroup.subtree_control"))).toBe("+cpu +memory");
    expect(existsSync(join(path, "cgroup.subtree_control"))).toBe(false);
    expect(read(join(path, "memory.max"))).toBe("67108864");
    expect(read(join(path, "cpu.max"))).toBe("150000 100000");
    group.update({ cpuLimitMillis: 1 });
    expect(read(join(path, "cpu.max"))).toBe("1000 100000");
    writeFileSync(join(path, "memory.events"), "low 0\noom 1\noom_kill 1\n");
    expect(group.oomKills()).toBe(1);
    expect(group.memoryBytes()).toBe(0);
    writeFileSync(join(path, "memory.current"), "4096\n");
    expect(group.memoryBytes()).toBe(4096);
  });

  test("cgroupV2() names the file and the value that the kernel refused", () => {
    const root = fakeHierarchy();
    const group = cgroupV2(root).create("/", "host", {});
    mkdirSync(join(root, "host/memory.max"));
    expect(() => group.update({ memoryLimitBytes: 5 })).toThrow('Cannot write "5" to memory.max');
  });
});

describe("Cgroup.remove()", () => {
  test("Cgroup.remove() takes the group above with the last one in it", async () => {
    const root = fakeHierarchy();
    const backend = cgroupV1({ memory: root, cpu: root });
    const [first, second] = ["a", "b"].map((name) => backend.create("/kubepods/pod1", name, {}));
    await first?.remove();
    expect(existsSync(join(root, "kubepods/pod1"))).toBe(true);
    await second?.remove();
    expect(existsSync(join(root, "kubepods/pod1"))).toBe(false);
    expect(existsSync(join(root, "kubepods"))).toBe(true);
    await second?.remove();
  });
});

describe("detectCgroups()", () => {
  const mountLine = (path: string, type: string, options: string) =>
    `30 24 0:26 / ${path} rw,nosuid - ${type} ${type} rw,${options}`;

  test("detectCgroups() takes version 2 where it has the controllers", () => {
    const root = fakeHierarchy();
    writeFileSync(join(root, "cgroup.controllers"), "cpuset cpu io memory\n");
    writeFileSync(join(root, "cgroup.subtree_control"), "");
    expect(detectCgroups(mountLine(root, "cgroup2", "x")).backend?.version).toBe(2);
  });

  test("detectCgroups() takes version 1 in a hybrid hierarchy", () => {
    const root = fakeHierarchy();
    for (const name of ["unified", "memory", "cpu"]) mkdirSync(join(root, name));
    writeFileSync(join(root, "unified/cgroup.controllers"), "hugetlb\n");
    for (const name of ["memory", "cpu"]) writeFileSync(join(root, name, "cgroup.procs"), "");
    const mounts = [
      mountLine(join(root, "unified"), "cgroup2", "x"),
      mountLine(join(root, "memory"), "cgroup", "memory"),
      mountLine(join(root, "cpu"), "cgroup", "cpu,cpuacct"),
    ];
    expect(detectCgroups(mounts.join("\n")).backend?.version).toBe(1);
    expect(detectCgroups(mounts.slice(0, 2).join("\n"))).toEqual({
      backend: undefined,
      reason: "the CPU and memory controllers are not mounted",
    });
  });

  test("detectCgroups() tells that there are none", () => {
    expect(detectCgroups("").backend).toBeUndefined();
  });
});
