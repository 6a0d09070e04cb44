import { FakeClock, silentLogger } from "@wherry/base";
import type { AttachOptions, AttachSession, GuestExit, GuestSpec } from "@wherry/engine";
import { beforeEach, describe, expect, test } from "vitest";
import type { ExecSyncResult } from "../../src/index.ts";
import { ExecGuests } from "../../src/wasm/exec/exec-guests.ts";

/** A sandbox with one guest, which does nothing unless told to. */
class FakeSandbox {
  readonly calls: string[] = [];
  readonly created = Promise.withResolvers<void>();
  readonly attached = Promise.withResolvers<void>();
  readonly exited = Promise.withResolvers<GuestExit>();
  session: AttachSession = {};
  listening: () => void = () => undefined;
  startError: Error | undefined;
  /** Whether the guest ends at a kill. */
  mortal = true;
  #ended = false;

  createGuest = async ({ id }: GuestSpec): Promise<void> => {
    this.calls.push(`create ${id}`);
    await this.created.promise;
  };
  attach = (_id: string, session: AttachSession, { onAttached }: AttachOptions = {}): Promise<void> => {
    this.calls.push("attach");
    this.session = session;
    this.listening = () => onAttached?.();
    return this.attached.promise;
  };
  startGuest = async () => {
    this.calls.push("start");
    if (this.startError !== undefined) throw this.startError;
    return { startedAtMs: 1 };
  };
  waitGuest = () => this.exited.promise;
  killGuest = async (_id: string, signal: number): Promise<void> => {
    if (this.#ended) throw Object.assign(new Error("has exited"), { code: "NotFound" });
    this.calls.push(`kill ${signal}`);
    if (this.mortal) this.end(128 + signal);
    await this.exited.promise;
  };
  deleteGuest = async (id: string) => void this.calls.push(`delete ${id}`);

  end(exitCode: number, reason: GuestExit["reason"] = "Error", message = ""): void {
    this.#ended = true;
    this.exited.resolve({ exitCode, reason, message, startedAtMs: 1, finishedAtMs: 2 });
  }
}

let clock: FakeClock;
let sandbox: FakeSandbox;
let guests: ExecGuests;
beforeEach(() => {
  clock = new FakeClock();
  sandbox = new FakeSandbox();
  guests = new ExecGuests(clock, silentLogger);
});

const settle = () => clock.advance(0);

function run(options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {}): Promise<ExecSyncResult> {
  const result = guests.run({
    containerId: "c",
    container: "main",
    command: ["app", "check"],
    timeoutMs: 0,
    maxOutputBytes: 4096,
    sandbox,
    spec: async () => ({ id: "g" }) as GuestSpec,
    ...options,
  });
  result.catch(() => undefined);
  return result;
}

/** A command whose guest runs. */
async function started(options: Parameters<typeof run>[0] = {}): Promise<{ readonly result: Promise<ExecSyncResult> }> {
  const result = run(options);
  sandbox.created.resolve();
  await settle();
  sandbox.listening();
  await settle();
  return { result };
}

describe("ExecGuests.run()", () => {
  test("starts the guest only when nothing of its output can be missed, and leaves nothing of it", async () => {
    const result = run();
    sandbox.created.resolve();
    await settle();
    expect(sandbox.calls).toEqual(["create g", "attach"]);
    sandbox.listening();
    await settle();
    sandbox.session.stdout?.write("out");
    sandbox.session.stderr?.write("err");
    // The exit is known before the last output is.
    sandbox.end(3);
    await settle();
    sandbox.session.stdout?.write("put");
    sandbox.attached.resolve();
    const { exitCode, stdout, stderr } = await result;
    expect([exitCode, Buffer.from(stdout).toString(), Buffer.from(stderr).toString()]).toEqual([3, "output", "err"]);
    expect(sandbox.session.stdin).toBeUndefined();
    expect(sandbox.calls).toEqual(["create g", "attach", "start", "delete g"]);
    expect(clock.pending).toBe(0);
  });

  test("kills a guest whose time is over, though its process answers nothing", async () => {
    const { result } = await started({ timeoutMs: 1000 });
    await clock.advance(999);
    expect(sandbox.calls).not.toContain("kill 9");
    await clock.advance(1);
    await expect(result).rejects.toMatchObject({
      code: "DeadlineExceeded",
      message: 'Cannot execute ["app","check"] in container "main": it did not end within 1000 ms',
    });
    expect(sandbox.calls.slice(-2)).toEqual(["kill 9", "delete g"]);
  });

  test("counts the time from the call on, and removes a guest that is made too late", async () => {
    const result = run({ timeoutMs: 1000 });
    await clock.advance(1000);
    sandbox.created.resolve();
    await expect(result).rejects.toMatchObject({ code: "DeadlineExceeded" });
    expect(sandbox.calls).toEqual(["create g", "kill 9", "delete g"]);
  });

  test("kills the guest when the caller gives up, and rejects with the caller's reason", async () => {
    const giveUp = new AbortController();
    const { result } = await started({ signal: giveUp.signal });
    const reason = new Error("nobody wants to know");
    giveUp.abort(reason);
    await expect(result).rejects.toBe(reason);
    expect(sandbox.calls.slice(-2)).toEqual(["kill 9", "delete g"]);
  });

  test("answers the exit of a process that was killed with its connection", async () => {
    const { result } = await started();
    sandbox.session.stdout?.write("so far");
    sandbox.attached.reject(new Error("Connection closed"));
    await settle();
    sandbox.end(137, "OOMKilled");
    const { exitCode, stdout } = await result;
    expect([exitCode, Buffer.from(stdout).toString()]).toEqual([137, "so far"]);
  });

  test("does not wait for ever for a guest whose output is lost", async () => {
    const { result } = await started();
    sandbox.attached.reject(Object.assign(new Error("Connection closed"), { code: "Unavailable" }));
    await settle();
    await clock.advance(1000);
    await expect(result).rejects.toMatchObject({ code: "Unavailable", message: expect.stringContaining("Connection") });
    expect(sandbox.calls.slice(-2)).toEqual(["kill 9", "delete g"]);
  });

  test("rejects, and removes the guest, when its module cannot be run, whenever that shows", async () => {
    sandbox.startError = Object.assign(new Error("imports env.launch"), { code: "StartError" });
    sandbox.end(128, "StartError", "imports env.launch");
    const { result } = await started();
    const refused = { code: "InvalidArgument", message: expect.stringContaining("imports env.launch") };
    await expect(result).rejects.toMatchObject(refused);
    expect(sandbox.calls).toContain("delete g");
    sandbox = new FakeSandbox();
    const later = await started();
    sandbox.end(128, "StartError", "imports env.launch");
    sandbox.attached.resolve();
    await expect(later.result).rejects.toMatchObject(refused);
    // Its process may be gone before it can be attached to.
    sandbox = new FakeSandbox();
    const sooner = run();
    sandbox.created.resolve();
    sandbox.end(128, "StartError", "imports env.launch");
    sandbox.attached.reject(Object.assign(new Error("it has exited"), { code: "FailedPrecondition" }));
    await expect(sooner).rejects.toMatchObject(refused);
    expect(sandbox.calls).not.toContain("start");
  });

  test("drops what is printed beyond the largest output", async () => {
    const { result } = await started();
    for (let chunks = 0; chunks < 5; chunks++) sandbox.session.stdout?.write(Buffer.alloc(1000));
    sandbox.attached.resolve();
    sandbox.end(0, "Completed");
    expect((await result).stdout.length).toBe(4096);
  });

  test("gives up on a guest that does not end of being killed", async () => {
    sandbox.mortal = false;
    const { result } = await started({ timeoutMs: 1000 });
    await clock.advance(1000);
    await clock.advance(5000);
    await expect(result).rejects.toMatchObject({ code: "DeadlineExceeded" });
  });
});

describe("ExecGuests.end()", () => {
  test("has killed what runs in the container when it returns, and resolves when that is gone", async () => {
    const { result } = await started();
    await guests.end("other");
    expect(sandbox.calls).not.toContain("kill 9");
    const gone = guests.end("c");
    expect(sandbox.calls.at(-1)).toBe("kill 9");
    await gone;
    expect(sandbox.calls.at(-1)).toBe("delete g");
    await expect(result).rejects.toMatchObject({
      code: "FailedPrecondition",
      message: 'Container "c" ended before its command did',
    });
  });

  test("keeps a guest that is being made from being started", async () => {
    const result = run();
    const gone = guests.end("c");
    sandbox.created.resolve();
    await gone;
    await expect(result).rejects.toMatchObject({ code: "FailedPrecondition" });
    expect(sandbox.calls).not.toContain("start");
  });
});
