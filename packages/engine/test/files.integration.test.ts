import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startPod } from "./test-engine.ts";

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
});
