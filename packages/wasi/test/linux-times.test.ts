import { closeSync, lstatSync, openSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fileStatFrom } from "../src/platform/linux-stat.ts";
import { LinuxTimes } from "../src/platform/linux-times.ts";
import { HostSandbox } from "./file-systems.ts";

describe.runIf(process.platform === "linux")("LinuxTimes", () => {
  const times = { accessedNs: 1_111_222_333_444_555_666n, modifiedNs: 1_222_333_444_555_666_777n };
  const near = (actual: bigint, wanted: bigint) => (actual > wanted ? actual - wanted : wanted - actual) < 1000n;

  test("rounds as Node does where utimensat cannot be called", () => {
    using sandbox = new HostSandbox();
    const path = join(sandbox.root, "file");
    writeFileSync(path, "");
    const rounding = new LinuxTimes(() => undefined);
    const fd = openSync(path, "r");
    const stat = () => fileStatFrom(statSync(path, { bigint: true }));
    rounding.setOfDescriptor(fd, times, stat);
    closeSync(fd);
    expect(near(stat().accessedNs, times.accessedNs)).toBe(true);
    expect(near(stat().modifiedNs, times.modifiedNs)).toBe(true);
    rounding.setOfEntry(path, { accessedNs: undefined, modifiedNs: "now" }, stat);
    expect(near(stat().accessedNs, times.accessedNs)).toBe(true);
    expect(stat().modifiedNs).toBeGreaterThan(times.modifiedNs);
  });

  test("sets those of a link and not of what it points to", () => {
    using sandbox = new HostSandbox();
    const [path, link] = [join(sandbox.root, "file"), join(sandbox.root, "link")];
    writeFileSync(path, "");
    symlinkSync("file", link);
    const before = statSync(path, { bigint: true }).mtimeNs;
    for (const setter of [new LinuxTimes(), new LinuxTimes(() => undefined)]) {
      const stat = () => fileStatFrom(lstatSync(link, { bigint: true }));
      setter.setOfEntry(link, times, stat);
      expect(near(stat().modifiedNs, times.modifiedNs)).toBe(true);
    }
    expect(statSync(path, { bigint: true }).mtimeNs).toBe(before);
  });

  test("throws what the system says", () => {
    using sandbox = new HostSandbox();
    const path = join(sandbox.root, "missing");
    const stat = () => fileStatFrom(statSync(path, { bigint: true }));
    expect(() => new LinuxTimes().setOfEntry(path, times, stat)).toThrow(/ENOENT/);
  });
});
