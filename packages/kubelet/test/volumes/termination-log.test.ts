import { mkdir, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTerminationLogs } from "../../src/volumes/termination-log.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

test("TerminationLogs.prepare() makes a file that anybody may write", async () => {
  const root = await temporaryDirectory();
  const logs = createTerminationLogs(root);
  const mount = await logs.prepare("uid-1", { name: "main" }, "0");
  const hostPath = join(root, "pods/uid-1/containers/main/0");
  expect(mount).toEqual({ containerPath: "/dev/termination-log", hostPath, readOnly: false, propagation: "private" });
  expect((await stat(hostPath)).mode & 0o777).toBe(0o666);
  await writeFile(hostPath, "bye");
  expect((await logs.prepare("uid-1", { name: "main" }, "0")).hostPath).toBe(hostPath);
  expect(await logs.read("uid-1", "main", "0")).toBe("bye");
});

test("TerminationLogs.prepare() answers a path without links", async () => {
  const base = await temporaryDirectory();
  await mkdir(join(base, "real"));
  await symlink("real", join(base, "root"));
  const { hostPath } = await createTerminationLogs(join(base, "root")).prepare("uid-1", { name: "main" }, "0");
  expect(hostPath).toBe(join(base, "real/pods/uid-1/containers/main/0"));
});

test("TerminationLogs.prepare() mounts at terminationMessagePath", async () => {
  const logs = createTerminationLogs(await temporaryDirectory());
  const at = (terminationMessagePath: string) => logs.prepare("uid-1", { name: "main", terminationMessagePath }, "0");
  expect((await at("/var//log/end")).containerPath).toBe("/var/log/end");
  expect((await at("relative/")).containerPath).toBe("/relative");
  expect((await at("/dev/../../why")).containerPath).toBe("/why");
  expect((await at("/a:b")).containerPath).toBe("/a:b");
  for (const path of ["/", "..", "/a\0b"]) await expect(at(path)).rejects.toThrow("terminationMessagePath");
});

test.each(["../x", "a/b", ""])("TerminationLogs.prepare() refuses the instance %j", async (instance) => {
  const logs = createTerminationLogs(await temporaryDirectory());
  await expect(logs.prepare("uid-1", { name: "main" }, instance)).rejects.toThrow();
});

test("TerminationLogs.read() reads the last 4096 bytes", async () => {
  const root = await temporaryDirectory();
  const logs = createTerminationLogs(root);
  const { hostPath } = await logs.prepare("uid-1", { name: "main" }, "0");
  await writeFile(hostPath, `${"x".repeat(100_000)}${"y".repeat(4096)}`);
  expect(await logs.read("uid-1", "main", "0")).toBe("y".repeat(4096));
});

test("TerminationLogs.read() answers nothing for what is gone or no file, and follows no link", async () => {
  const root = await temporaryDirectory();
  const logs = createTerminationLogs(root);
  expect(await logs.read("uid-1", "main", "0")).toBe("");
  const { hostPath } = await logs.prepare("uid-1", { name: "main" }, "0");
  await rm(hostPath);
  await writeFile(join(root, "secret"), "secret");
  await symlink(join(root, "secret"), hostPath);
  expect(await logs.read("uid-1", "main", "0")).toBe("");
  await expect(logs.prepare("uid-1", { name: "main" }, "0")).rejects.toThrow();
});

test("TerminationLogs.prune() keeps what is asked for", async () => {
  const root = await temporaryDirectory();
  const logs = createTerminationLogs(root);
  for (const instance of ["0", "1", "2"]) await logs.prepare("uid-1", { name: "main" }, instance);
  await logs.prune("uid-1", "main", new Set(["1", "2"]));
  await logs.prune("uid-1", "other", new Set());
  expect(await readdir(join(root, "pods/uid-1/containers/main"))).toEqual(["1", "2"]);
});
