import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { eventually, readLog, startPod } from "./test-engine.ts";
import { writeGuest } from "./wat.ts";

describe("Host.startGuest()", () => {
  test("startGuest() runs a module to its end and logs what it writes", async () => {
    const { host, run, log } = await startPod();
    await run("hello");
    const exit = await host.waitGuest("main");
    expect(exit).toMatchObject({ exitCode: 0, reason: "Completed", message: "" });
    expect(exit.startedAtMs).toBeGreaterThan(0);
    expect(exit.finishedAtMs).toBeGreaterThanOrEqual(exit.startedAtMs);
    expect(log()).toEqual(["stdout F hello"]);
    expect(await host.guestState("main")).toMatchObject({ state: "exited", exit });
  });

  test("startGuest() answers proc_exit's code", async () => {
    const { host, run } = await startPod();
    await run("exit7");
    expect(await host.waitGuest("main")).toMatchObject({ exitCode: 7, reason: "Error", message: "" });
  });

  test("startGuest() tells a trap from an exit", async () => {
    const { host, run } = await startPod();
    await run("trap");
    expect(await host.waitGuest("main")).toMatchObject({
      exitCode: 134,
      reason: "Error",
      message: expect.stringContaining("unreachable") as unknown,
    });
  });

  test("startGuest() rejects with StartError for an import that is not offered", async () => {
    const { host, spec, directory } = await startPod();
    const modulePath = await writeGuest(
      join(directory, "unknown.wasm"),
      '(module (import "env" "no_such" (func)) (memory (export "memory") 1) (func (export "_start")))',
    );
    await host.createGuest(await spec("hello", { modulePath }));
    await expect(host.startGuest("main")).rejects.toMatchObject({
      code: "StartError",
      message: expect.stringContaining("env.no_such") as unknown,
    });
    expect(await host.waitGuest("main")).toMatchObject({ exitCode: 128, reason: "StartError", startedAtMs: 0 });
  });

  test.each([
    ["a truncated module", (bytes: Buffer) => bytes.subarray(0, bytes.length - 7)],
    ["an empty file", () => Buffer.alloc(0)],
    ["a component", () => Buffer.from("0061736d0d000100", "hex")],
  ])("startGuest() rejects with StartError for %s", async (_, change) => {
    const { host, spec, directory } = await startPod();
    const good = await spec("hello");
    const modulePath = join(directory, "bad.wasm");
    writeFileSync(modulePath, change(readFileSync(good.modulePath)));
    await host.createGuest({ ...good, modulePath });
    await expect(host.startGuest("main")).rejects.toMatchObject({
      code: "StartError",
      message: expect.stringContaining(modulePath) as unknown,
    });
  });

  test("startGuest() rejects with StartError for a mount that is not there", async () => {
    const { host, spec } = await startPod();
    const mounts = [{ guestPath: "/data", hostPath: "/no/such/place", readOnly: true }];
    await host.createGuest(await spec("hello", { mounts }));
    await expect(host.startGuest("main")).rejects.toMatchObject({
      code: "StartError",
      message: 'Cannot mount "/no/such/place" at "/data": ENOENT',
    });
  });

  test("startGuest() bounds the guest's memory", async () => {
    const { host, run } = await startPod();
    await run("grow", { memoryLimitBytes: 20 * 65_536 });
    expect((await host.waitGuest("main")).exitCode).toBe(20);
  });

  test("startGuest() runs several guests of one host at the same time", async () => {
    const { host, run, log } = await startPod();
    await run("sleep", { id: "one" });
    await run("spin", { id: "two" });
    await run("hello", { id: "three" });
    await host.waitGuest("three");
    await eventually(() => log("one").length > 0 && log("two").length > 0, "both logs");
    expect((await host.listGuests()).map((guest) => [guest.id, guest.state])).toEqual([
      ["one", "running"],
      ["two", "running"],
      ["three", "exited"],
    ]);
  });

  test("startGuest() of a started or unknown guest is refused", async () => {
    const { host, run } = await startPod();
    await run("sleep");
    await expect(host.startGuest("main")).rejects.toMatchObject({ code: "FailedPrecondition" });
    await expect(host.startGuest("other")).rejects.toMatchObject({ code: "NotFound" });
  });
});

describe("Host.createGuest()", () => {
  test.each([["../evil"], [""], ["a/b"], [".hidden"], ["x".repeat(129)]])(
    "createGuest() refuses the ID %j",
    async (id) => {
      const { host, spec } = await startPod();
      await expect(host.createGuest(await spec("hello", { id, logPath: "" }))).rejects.toMatchObject({
        code: "InvalidArgument",
      });
    },
  );

  test("createGuest() refuses an ID that is in use and relative paths", async () => {
    const { host, spec } = await startPod();
    await host.createGuest(await spec("hello"));
    await expect(host.createGuest(await spec("hello"))).rejects.toMatchObject({ code: "AlreadyExists" });
    await expect(host.createGuest(await spec("hello", { id: "b", modulePath: "x.wasm" }))).rejects.toMatchObject({
      code: "InvalidArgument",
    });
  });
});

describe("Host.killGuest()", () => {
  test.each([
    ["spin", 15],
    ["spin", 9],
    ["sleep", 15],
    ["writeLoop", 9],
  ] as const)("killGuest() ends %s by signal %i", async (name, signal) => {
    const { host, run, log } = await startPod();
    await run(name);
    await eventually(() => log().length > 0, "output");
    await host.killGuest("main", signal);
    expect(await host.waitGuest("main")).toMatchObject({ exitCode: 128 + signal, reason: "Error" });
  });

  test("killGuest() probes, ignores and refuses as signals demand", async () => {
    const { host, run } = await startPod();
    await run("sleep");
    await host.killGuest("main", 0);
    await host.killGuest("main", 28);
    await expect(host.killGuest("main", 19)).rejects.toMatchObject({ code: "Unimplemented" });
    await expect(host.killGuest("main", 65)).rejects.toMatchObject({ code: "InvalidArgument" });
    expect((await host.guestState("main")).state).toBe("running");
  });

  test("killGuest() of a guest that has exited or never started", async () => {
    const { host, run, spec } = await startPod();
    await run("hello");
    await host.waitGuest("main");
    await expect(host.killGuest("main", 9)).rejects.toMatchObject({ code: "NotFound" });
    await host.createGuest(await spec("hello", { id: "idle" }));
    await host.killGuest("idle", 9);
    expect(await host.waitGuest("idle")).toMatchObject({ exitCode: 137, startedAtMs: 0 });
  });

  test("killGuest() keeps what the guest wrote after its last line end, as a part", async () => {
    const { host, run, log } = await startPod();
    await run("unfinished");
    await eventually(() => log().length > 0, "the guest to run");
    expect(log()).toEqual(["stderr F on"]);
    await host.killGuest("main", 9);
    expect(log()).toEqual(["stderr F on", "stdout P half"]);
  });
});

describe("Host.reopenLog()", () => {
  test("reopenLog() moves a guest that writes without a pause to a new file", async () => {
    const { host, run, log } = await startPod();
    const { logPath } = await run("writeLoop");
    await eventually(() => log().length > 100, "output");
    const old = `${logPath}.1`;
    renameSync(logPath, old);
    await host.reopenLog("main");
    expect(existsSync(logPath)).toBe(true);
    await eventually(() => log().length > 100, "output in the new file");
    const sizeBytes = statSync(old).size;
    await eventually(() => log().length > 1000, "more output");
    expect(statSync(old).size).toBe(sizeBytes);
    await host.killGuest("main", 9);
    for (const path of [old, logPath]) expect(new Set(readLog(path))).toEqual(new Set(["stdout F line"]));
  });
});

describe("Host.deleteGuest()", () => {
  test("deleteGuest() forgets an exited guest and frees its ID", async () => {
    const { host, run, directory } = await startPod();
    await run("hello");
    await host.waitGuest("main");
    await host.deleteGuest("main");
    await host.deleteGuest("main");
    expect(existsSync(join(directory, "state/hosts/pod/guests/main.json"))).toBe(false);
    await expect(host.guestState("main")).rejects.toMatchObject({ code: "NotFound" });
    await run("hello");
    expect((await host.waitGuest("main")).exitCode).toBe(0);
  });

  test("deleteGuest() refuses a running guest", async () => {
    const { host, run } = await startPod();
    await run("sleep");
    await expect(host.deleteGuest("main")).rejects.toMatchObject({ code: "FailedPrecondition" });
  });
});

describe("Host.stats()", () => {
  test("stats() shows CPU time of a busy guest growing and memory in use", async () => {
    const { host, run } = await startPod();
    await run("spin");
    const before = await host.stats("main");
    await eventually(async () => {
      const now = await host.stats("main");
      return now.cpuUsageNanoseconds > before.cpuUsageNanoseconds + 50_000_000;
    }, "50 ms of CPU time");
    expect((await host.stats("main")).memoryWorkingSetBytes).toBeGreaterThan(1 << 20);
  });
});

describe("Host.shutdown()", () => {
  test("shutdown() ends guests and process and leaves nothing", async () => {
    const { host, run, directory } = await startPod();
    await run("spin");
    const exits: number[] = [];
    host.onExit((exit) => exits.push(exit.exitCode));
    await host.shutdown();
    await host.shutdown();
    expect(host.alive).toBe(false);
    expect(exits).toEqual([137]);
    expect(existsSync(join(directory, "state/hosts/pod"))).toBe(false);
    expect(() => process.kill(host.pid, 0)).toThrow("ESRCH");
  });
});
