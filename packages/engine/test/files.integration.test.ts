import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { eventually, startPod } from "./test-engine.ts";

/** What a process has open. */
function openFiles(pid: number): string[] {
  const directory = `/proc/${pid}/fd`;
  return readdirSync(directory).flatMap((name) => {
    try {
      return [readlinkSync(join(directory, name))];
    } catch {
      // Closed meanwhile.
      return [];
    }
  });
}

describe("GuestSpec.mounts", () => {
  test("mounts show directories at their paths", async () => {
    const { sandbox, run, directory } = await startPod();
    for (const name of ["a", "b"]) mkdirSync(join(directory, name));
    writeFileSync(join(directory, "a/file"), "content");
    const mounts = [
      { guestPath: "/in", hostPath: join(directory, "a"), readOnly: true },
      { guestPath: "/out", hostPath: join(directory, "b"), readOnly: false },
    ];
    await run("copy", { mounts });
    expect((await sandbox.waitGuest("main")).exitCode).toBe(0);
    expect(readFileSync(join(directory, "b/copy"), "utf8")).toBe("content");
  });

  test("mounts show single files, and nothing beside them", async () => {
    const { sandbox, run, directory } = await startPod();
    writeFileSync(join(directory, "secret"), "content");
    writeFileSync(join(directory, "target"), "");
    const mounts = [
      { guestPath: "/in/file", hostPath: join(directory, "secret"), readOnly: true },
      { guestPath: "/out/copy", hostPath: join(directory, "target"), readOnly: false },
    ];
    await run("copy", { mounts });
    expect((await sandbox.waitGuest("main")).exitCode).toBe(0);
    expect(readFileSync(join(directory, "target"), "utf8")).toBe("content");
  });

  test("mounts that are read-only are", async () => {
    const { sandbox, run, directory } = await startPod();
    mkdirSync(join(directory, "a"));
    writeFileSync(join(directory, "a/file"), "content");
    const mounts = [
      { guestPath: "/in", hostPath: join(directory, "a"), readOnly: true },
      { guestPath: "/out", hostPath: join(directory, "a"), readOnly: true },
    ];
    await run("copy", { mounts });
    expect((await sandbox.waitGuest("main")).exitCode).toBe(1);
  });

  test("mounts may lie within each other", async () => {
    const { sandbox, run, directory } = await startPod();
    for (const name of ["root/in", "root/out", "inner"]) mkdirSync(join(directory, name), { recursive: true });
    writeFileSync(join(directory, "root/in/file"), "outer");
    const mounts = [
      { guestPath: "/out", hostPath: join(directory, "inner"), readOnly: false },
      { guestPath: "/", hostPath: join(directory, "root"), readOnly: true },
    ];
    await run("copy", { mounts });
    expect((await sandbox.waitGuest("main")).exitCode).toBe(0);
    expect(readFileSync(join(directory, "inner/copy"), "utf8")).toBe("outer");
  });

  test.each([
    ["a directory", "a/b", "/in"],
    ["a file", "a/b/file", "/in/file"],
    ["where a link within it leads", "a/link/", "/in"],
    ["the directory itself", ".", "/in"],
  ])("sub paths show %s below the host path", async (_, subPath, guestPath) => {
    const { sandbox, run, directory } = await startPod();
    for (const name of ["volume/a/b", "out"]) mkdirSync(join(directory, name), { recursive: true });
    writeFileSync(join(directory, "volume/a/b/file"), "content");
    writeFileSync(join(directory, "volume/file"), "content");
    symlinkSync("../a/b", join(directory, "volume/a/link"));
    const mounts = [
      { guestPath, hostPath: join(directory, "volume"), subPath, readOnly: true },
      { guestPath: "/out", hostPath: directory, subPath: "out", readOnly: false },
    ];
    await run("copy", { mounts });
    expect((await sandbox.waitGuest("main")).exitCode).toBe(0);
    expect(readFileSync(join(directory, "out/copy"), "utf8")).toBe("content");
  });

  test.each([
    ["over a directory", "/in", "a directory is mounted there"],
    ["over the way to another mount", "/var", '"lib" below it leads to another mount'],
  ])("the guest does not start when a file is mounted %s, which would hide it", async (_, guestPath, why) => {
    const { sandbox, spec, directory } = await startPod();
    const file = join(directory, "file");
    writeFileSync(file, "");
    const mounts = ["/in", "/var/lib"].map((path) => ({ guestPath: path, hostPath: directory, readOnly: true }));
    mounts.push({ guestPath, hostPath: file, readOnly: false });
    await sandbox.createGuest(await spec("copy", { mounts }));
    const message = `Cannot mount a file at "${guestPath}": ${why}`;
    await expect(sandbox.startGuest("main")).rejects.toMatchObject({ code: "StartError", message });
  });

  test.each([
    ["a link that goes up", "../outside", "x", "EPERM: the path leaves its directory"],
    ["a link that goes up on the way", "../outside", "x/deep", "EPERM: the path leaves its directory"],
    ["a link that goes up to a file", "../outside/file", "x", "EPERM: the path leaves its directory"],
    ["an absolute link", "/etc", "x", "EPERM: absolute paths are outside of every directory"],
    ["a link to itself", "x", "x", "ELOOP: too many symbolic links"],
    ["nothing", undefined, "x", "ENOENT: it does not exist"],
  ])("the guest does not start when %s has taken the place of a sub path", async (_, target, subPath, why) => {
    const { sandbox, spec, directory } = await startPod();
    for (const name of ["volume/x/deep", "outside/deep"]) mkdirSync(join(directory, name), { recursive: true });
    writeFileSync(join(directory, "outside/file"), "secret");
    const hostPath = join(directory, "volume");
    const wanted = await spec("copy", { mounts: [{ guestPath: "/in", hostPath, subPath, readOnly: false }] });
    // What another guest that has the volume may do, after somebody has looked at the sub path and before it is mounted.
    rmSync(join(hostPath, "x"), { recursive: true });
    if (target !== undefined) symlinkSync(target, join(hostPath, "x"));
    await sandbox.createGuest(wanted);
    const problem = `Cannot mount sub path "${subPath}" of "${hostPath}" at "/in": ${why}`;
    await expect(sandbox.startGuest("main")).rejects.toMatchObject({ code: "StartError", message: problem });
    expect(sandbox.guestState("main")).toMatchObject({ state: "exited", exit: { exitCode: 128, message: problem } });
  });

  test("a running guest gets no further when its sub path becomes a link", async () => {
    const { sandbox, spec, directory } = await startPod();
    for (const name of ["volume/x", "out", "outside"]) mkdirSync(join(directory, name), { recursive: true });
    writeFileSync(join(directory, "volume/x/file"), "content");
    writeFileSync(join(directory, "outside/file"), "secret");
    const mounts = [
      { guestPath: "/in/file", hostPath: join(directory, "volume"), subPath: "x/file", readOnly: true },
      { guestPath: "/out", hostPath: join(directory, "out"), readOnly: false },
    ];
    await sandbox.createGuest(await spec("copy", { mounts }));
    // Mounts are opened in their order: with the second one there, nothing of the first is looked at any more.
    await eventually(() => openFiles(sandbox.guestState("main").pid).includes(join(directory, "out")), "the mounts");
    rmSync(join(directory, "volume/x/file"));
    symlinkSync("../../outside/file", join(directory, "volume/x/file"));
    await sandbox.startGuest("main");
    await sandbox.waitGuest("main");
    expect(readFileSync(join(directory, "out/copy"), "utf8")).toBe("");
  });
});
