import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { processExists } from "./engine-processes.ts";
import { eventually, readLog, startPod } from "./test-engine.ts";
import { writeGuest } from "./wat.ts";

describe("Sandbox.startGuest()", () => {
  test("startGuest() runs a module to its end and logs what it writes", async () => {
    const { sandbox, run, log } = await startPod();
    await run("hello");
    const exit = await sandbox.waitGuest("main");
    expect(exit).toMatchObject({ exitCode: 0, reason: "Completed", message: "" });
    expect(exit.startedAtMs).toBeGreaterThan(0);
    expect(exit.finishedAtMs).toBeGreaterThanOrEqual(exit.startedAtMs);
    expect(log()).toEqual(["stdout F hello"]);
    expect(sandbox.guestState("main")).toMatchObject({ state: "exited", exit });
  });

  test("startGuest() answers proc_exit's code", async () => {
    const { sandbox, run } = await startPod();
    await run("exit7");
    expect(await sandbox.waitGuest("main")).toMatchObject({ exitCode: 7, reason: "Error", message: "" });
  });

  test.each([
    ["exitMinus1", { exitCode: 255, reason: "Error" }],
    ["exit256", { exitCode: 0, reason: "Completed" }],
  ] as const)("startGuest() answers the low eight bits of a code that no process has: %s", async (name, exit) => {
    const { sandbox, run } = await startPod();
    await run(name);
    expect(await sandbox.waitGuest("main")).toMatchObject(exit);
  });

  test("startGuest() tells a trap from an exit", async () => {
    const { sandbox, run } = await startPod();
    await run("trap");
    expect(await sandbox.waitGuest("main")).toMatchObject({
      exitCode: 134,
      reason: "Error",
      message: expect.stringContaining("unreachable") as unknown,
    });
  });

  test("startGuest() rejects with StartError for an import that is not offered", async () => {
    const { sandbox, spec, directory } = await startPod();
    const modulePath = await writeGuest(
      join(directory, "unknown.wasm"),
      '(module (import "env" "no_such" (func)) (memory (export "memory") 1) (func (export "_start")))',
    );
    await sandbox.createGuest(await spec("hello", { modulePath }));
    await expect(sandbox.startGuest("main")).rejects.toMatchObject({
      code: "StartError",
      message: expect.stringContaining("env.no_such") as unknown,
    });
    expect(await sandbox.waitGuest("main")).toMatchObject({ exitCode: 128, reason: "StartError", startedAtMs: 0 });
  });

  test.each([
    ["a truncated module", (bytes: Buffer) => bytes.subarray(0, bytes.length - 7)],
    ["an empty file", () => Buffer.alloc(0)],
    ["a component", () => Buffer.from("0061736d0d000100", "hex")],
  ])("startGuest() rejects with StartError for %s", async (_, change) => {
    const { sandbox, spec, directory } = await startPod();
    const good = await spec("hello");
    const modulePath = join(directory, "bad.wasm");
    writeFileSync(modulePath, change(readFileSync(good.modulePath)));
    await sandbox.createGuest({ ...good, modulePath });
    await expect(sandbox.startGuest("main")).rejects.toMatchObject({
      code: "StartError",
      message: expect.stringContaining(modulePath) as unknown,
    });
  });

  test("startGuest() rejects with StartError for a mount that is not there", async () => {
    const { sandbox, spec } = await startPod();
    const mounts = [{ guestPath: "/data", hostPath: "/no/such/place", readOnly: true }];
    await sandbox.createGuest(await spec("hello", { mounts }));
    await expect(sandbox.startGuest("main")).rejects.toMatchObject({
      code: "StartError",
      message: 'Cannot mount "/no/such/place" at "/data": ENOENT',
    });
  });

  test("startGuest() bounds the guest's memory", async () => {
    const { sandbox, run } = await startPod();
    await run("grow", { memoryLimitBytes: 20 * 65_536 });
    expect((await sandbox.waitGuest("main")).exitCode).toBe(20);
  });

  test("startGuest() runs several guests of one sandbox, each in a process of its own, at the same time", async () => {
    const { sandbox, run, log } = await startPod();
    await run("sleep", { id: "one" });
    await run("spin", { id: "two" });
    await run("hello", { id: "three" });
    await sandbox.waitGuest("three");
    await eventually(() => log("one").length > 0 && log("two").length > 0, "both logs");
    expect(sandbox.listGuests().map((guest) => [guest.id, guest.state])).toEqual([
      ["one", "running"],
      ["two", "running"],
      ["three", "exited"],
    ]);
    expect(new Set(sandbox.listGuests().map(({ pid }) => pid)).size).toBe(3);
  });

  test("startGuest() of a started or unknown guest is refused", async () => {
    const { sandbox, run } = await startPod();
    await run("sleep");
    await expect(sandbox.startGuest("main")).rejects.toMatchObject({ code: "FailedPrecondition" });
    await expect(sandbox.startGuest("other")).rejects.toMatchObject({ code: "NotFound" });
  });
});

describe("Sandbox.createGuest()", () => {
  test.each([["../evil"], [""], ["a/b"], [".hidden"], ["x".repeat(129)]])(
    "createGuest() refuses the ID %j",
    async (id) => {
      const { sandbox, spec } = await startPod();
      await expect(sandbox.createGuest(await spec("hello", { id, logPath: "" }))).rejects.toMatchObject({
        code: "InvalidArgument",
      });
    },
  );

  test("createGuest() refuses an ID that is in use and relative paths", async () => {
    const { sandbox, spec } = await startPod();
    await sandbox.createGuest(await spec("hello"));
    await expect(sandbox.createGuest(await spec("hello"))).rejects.toMatchObject({ code: "AlreadyExists" });
    await expect(sandbox.createGuest(await spec("hello", { id: "b", modulePath: "x.wasm" }))).rejects.toMatchObject({
      code: "InvalidArgument",
    });
  });
});

describe("Sandbox.killGuest()", () => {
  test.each([
    ["spin", 15],
    ["spin", 9],
    ["sleep", 15],
    ["writeLoop", 9],
  ] as const)("killGuest() ends %s by signal %i", async (name, signal) => {
    const { sandbox, run, log } = await startPod();
    await run(name);
    await eventually(() => log().length > 0, "output");
    await sandbox.killGuest("main", signal);
    expect(await sandbox.waitGuest("main")).toMatchObject({ exitCode: 128 + signal, reason: "Error" });
  });

  test("killGuest() probes, ignores and refuses as signals demand", async () => {
    const { sandbox, run } = await startPod();
    await run("sleep");
    await sandbox.killGuest("main", 0);
    await sandbox.killGuest("main", 28);
    await expect(sandbox.killGuest("main", 19)).rejects.toMatchObject({ code: "Unimplemented" });
    await expect(sandbox.killGuest("main", 65)).rejects.toMatchObject({ code: "InvalidArgument" });
    expect(sandbox.guestState("main").state).toBe("running");
  });

  test("killGuest() of a guest that has exited or never started", async () => {
    const { sandbox, run, spec } = await startPod();
    await run("hello");
    await sandbox.waitGuest("main");
    await expect(sandbox.killGuest("main", 9)).rejects.toMatchObject({ code: "NotFound" });
    await sandbox.createGuest(await spec("hello", { id: "idle" }));
    await sandbox.killGuest("idle", 9);
    expect(await sandbox.waitGuest("idle")).toMatchObject({ exitCode: 137, startedAtMs: 0 });
  });

  test("killGuest() keeps what the guest wrote after its last line end, as a part", async () => {
    const { sandbox, run, log } = await startPod();
    await run("unfinished");
    await eventually(() => log().length > 0, "the guest to run");
    expect(log()).toEqual(["stderr F on"]);
    await sandbox.killGuest("main", 9);
    expect(log()).toEqual(["stderr F on", "stdout P half"]);
  });
});

describe("Sandbox.reopenLog()", () => {
  test("reopenLog() moves a guest that writes without a pause to a new file", async () => {
    const { sandbox, run, log } = await startPod();
    const { logPath } = await run("writeLoop");
    await eventually(() => log().length > 100, "output");
    const old = `${logPath}.1`;
    renameSync(logPath, old);
    await sandbox.reopenLog("main");
    expect(existsSync(logPath)).toBe(true);
    await eventually(() => log().length > 100, "output in the new file");
    const sizeBytes = statSync(old).size;
    await eventually(() => log().length > 1000, "more output");
    expect(statSync(old).size).toBe(sizeBytes);
    await sandbox.killGuest("main", 9);
    for (const path of [old, logPath]) expect(new Set(readLog(path))).toEqual(new Set(["stdout F line"]));
  });
});

describe("Sandbox.deleteGuest()", () => {
  test("deleteGuest() forgets an exited guest and frees its ID", async () => {
    const { sandbox, run, directory } = await startPod();
    await run("hello");
    await sandbox.waitGuest("main");
    await sandbox.deleteGuest("main");
    await sandbox.deleteGuest("main");
    expect(existsSync(join(directory, "state/sandboxes/pod/guests/main"))).toBe(false);
    expect(() => sandbox.guestState("main")).toThrow(expect.objectContaining({ code: "NotFound" }) as Error);
    await run("hello");
    expect((await sandbox.waitGuest("main")).exitCode).toBe(0);
  });

  test("deleteGuest() refuses a running guest", async () => {
    const { sandbox, run } = await startPod();
    await run("sleep");
    await expect(sandbox.deleteGuest("main")).rejects.toMatchObject({ code: "FailedPrecondition" });
  });
});

describe("Sandbox.stats()", () => {
  test("stats() shows CPU time of a busy guest growing and memory in use", async () => {
    const { sandbox, run } = await startPod();
    await run("spin");
    const before = await sandbox.stats("main");
    await eventually(async () => {
      const now = await sandbox.stats("main");
      return now.cpuUsageNanoseconds > before.cpuUsageNanoseconds + 50_000_000;
    }, "50 ms of CPU time");
    expect((await sandbox.stats("main")).memoryWorkingSetBytes).toBeGreaterThan(1 << 20);
  });
});

describe("Sandbox.shutdown()", () => {
  test("shutdown() ends guests and processes and leaves nothing", async () => {
    const { sandbox, run, directory } = await startPod();
    await run("spin", { id: "one" });
    await run("sleep", { id: "two" });
    const pids = sandbox.listGuests().map(({ pid }) => pid);
    const exits: number[] = [];
    sandbox.onExit((exit) => exits.push(exit.exitCode));
    await sandbox.shutdown();
    await sandbox.shutdown();
    expect(sandbox.usable).toBe(false);
    expect(exits).toEqual([137, 137]);
    expect(existsSync(join(directory, "state/sandboxes/pod"))).toBe(false);
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });

  test("shutdown() ends a guest that is being created", async () => {
    const { sandbox, spec } = await startPod();
    const creating = sandbox.createGuest(await spec("spin")).catch((error: unknown) => error);
    await sandbox.shutdown();
    await creating;
    await expect(sandbox.startGuest("main")).rejects.toThrow();
  });
});

describe("a guest's process", () => {
  test("it ends with its guest", async () => {
    const { sandbox, run } = await startPod();
    await run("sleep");
    const { pid } = sandbox.guestState("main");
    await sandbox.killGuest("main", 15);
    await eventually(() => !processExists(pid), "the process's end");
    expect(sandbox.guestState("main")).toMatchObject({ state: "exited", exit: { exitCode: 143 } });
  });
});
