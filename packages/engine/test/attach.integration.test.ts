import { statSync } from "node:fs";
import { PassThrough, Readable, Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { eventually, startPod } from "./test-engine.ts";

/** A writable that keeps what it is given. */
function collector(): { stream: Writable; text: () => string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

describe("Sandbox.attach()", () => {
  test("attach() copies output until the guest exits, which is logged as well", async () => {
    const { sandbox, spec, log } = await startPod();
    await sandbox.createGuest(await spec("hello"));
    const { stream, text } = collector();
    const attached = sandbox.attach("main", { stdout: stream });
    await sandbox.startGuest("main");
    await attached;
    expect(text()).toBe("hello\n");
    expect(log()).toEqual(["stdout F hello"]);
  });

  test("attach() feeds standard input, whose end is the guest's with stdinOnce", async () => {
    const { sandbox, run } = await startPod();
    await run("cat", { stdin: true, stdinOnce: true, logPath: "" });
    const { stream, text } = collector();
    const input = `${"x".repeat(999)}\n`.repeat(300);
    await sandbox.attach("main", { stdin: Readable.from([input]), stdout: stream });
    expect((await sandbox.waitGuest("main")).exitCode).toBe(0);
    expect(text()).toBe(input);
  });

  test("attach() leaves standard input open for the next session without stdinOnce", async () => {
    const { sandbox, run, log } = await startPod();
    await run("cat", { stdin: true });
    for (const line of ["one", "two"]) {
      const controller = new AbortController();
      const attached = sandbox.attach("main", { stdin: Readable.from([`${line}\n`]) }, { signal: controller.signal });
      await eventually(() => log().includes(`stdout F ${line}`), line);
      controller.abort();
      await expect(attached).rejects.toThrow();
    }
    expect(sandbox.guestState("main").state).toBe("running");
  });

  test("attach() ends with the guest's standard input at once where there is none", async () => {
    const { sandbox, run } = await startPod();
    await run("cat");
    expect((await sandbox.waitGuest("main")).exitCode).toBe(0);
  });

  test("attach() holds a guest that writes faster than the client reads", async () => {
    const { sandbox, run, log } = await startPod();
    const { logPath } = await run("writeLoop");
    const slow = new PassThrough({ highWaterMark: 1024 });
    const controller = new AbortController();
    const attached = sandbox.attach("main", { stdout: slow }, { signal: controller.signal });
    attached.catch(() => undefined);
    await eventually(() => slow.readableLength > 0, "output");
    let before = -1;
    await eventually(async () => {
      const sizeBytes = statSync(logPath).size;
      const held = sizeBytes === before;
      before = sizeBytes;
      await new Promise((resolve) => setTimeout(resolve, 50));
      return held;
    }, "the guest to be held");
    slow.resume();
    await eventually(() => statSync(logPath).size > before, "the guest to go on");
    slow.pause();
    controller.abort();
    await expect(attached).rejects.toThrow();
    const sizeBytes = statSync(logPath).size;
    await eventually(() => statSync(logPath).size > sizeBytes + 100_000, "the guest to go on without a client");
    await sandbox.killGuest("main", 9);
    expect(log()[0]).toBe("stdout F line");
  });

  test("attach() ends when its client goes away", async () => {
    const { sandbox, run } = await startPod();
    await run("ticks");
    const client = new PassThrough();
    const attached = sandbox.attach("main", { stdout: client });
    client.once("data", () => client.destroy());
    await attached;
    expect(sandbox.guestState("main").state).toBe("running");
  });

  test("attach() of an unknown or exited guest is refused", async () => {
    const { sandbox, run } = await startPod();
    await expect(sandbox.attach("main", {})).rejects.toMatchObject({ code: "NotFound" });
    await run("hello");
    await sandbox.waitGuest("main");
    await expect(sandbox.attach("main", {})).rejects.toMatchObject({ code: "FailedPrecondition" });
  });
});
