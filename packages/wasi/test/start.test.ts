import { describe, expect, test } from "vitest";
import {
  createPreview1,
  type ExitStatus,
  emptySource,
  GuestClosedError,
  MemoryFileSystem,
  nullSink,
  type Preview1,
  type Preview1Options,
  WasiOptionsError,
  wasm,
} from "../src/index.ts";
import { Errno } from "../src/preview1/errno.ts";
import { collector, compile, drive, functionNames, logCollector } from "./guest-driver.ts";

const preview1 = "wasi_snapshot_preview1";

function host(options: Partial<Preview1Options> = {}): Preview1 {
  return createPreview1({
    args: [],
    env: {},
    stdin: emptySource,
    stdout: nullSink,
    stderr: nullSink,
    preopens: [],
    ...options,
  });
}

async function run(text: string, options: Partial<Preview1Options> = {}): Promise<ExitStatus> {
  const guestHost = host(options);
  return guestHost.start(new wasm.Instance(new wasm.Module(await compile(text)), guestHost.imports));
}

const exitImport = `(import "${preview1}" "proc_exit" (func $exit (param i32)))`;

describe("Preview1.start()", () => {
  test("tells an ordinary return from proc_exit with a code", async () => {
    expect(await run(`(module (memory (export "memory") 1) (func (export "_start")))`)).toEqual({
      kind: "exited",
      code: 0,
    });
    const exits = `(module ${exitImport} (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const 33)) unreachable))`;
    expect(await run(exits)).toEqual({ kind: "exited", code: 33 });
  });

  test("keeps exit codes as unsigned 32-bit numbers", async () => {
    const text = `(module ${exitImport} (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const -1))))`;
    expect(await run(text)).toEqual({ kind: "exited", code: 0xffff_ffff });
  });

  test("a guest with exception handling cannot catch its exit", async () => {
    const text = `(module ${exitImport} (memory (export "memory") 1)
      (func (export "_start")
        try
          (call $exit (i32.const 5))
        catch_all
          (call $exit (i32.const 6))
        end))`;
    expect(await run(text)).toEqual({ kind: "exited", code: 5 });
  });

  const traps: readonly (readonly [string, string, string])[] = [
    ["unreachable", "unreachable", ""],
    ["memory-out-of-bounds", "(drop (i32.load (i32.const 100000)))", ""],
    ["integer-divide-by-zero", "(drop (i32.div_s (i32.const 1) (local.get 0)))", ""],
    ["integer-divide-by-zero", "(drop (i32.rem_u (i32.const 1) (local.get 0)))", ""],
    ["integer-overflow", "(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))", ""],
    ["invalid-conversion-to-integer", "(drop (i32.trunc_f64_s (f64.const 1e30)))", ""],
    ["table-out-of-bounds", "(call_indirect (i32.const 9))", "(table 1 funcref)"],
    ["indirect-call-type-mismatch", "(call_indirect (i32.const 0))", "(table 1 funcref)"],
    ["stack-overflow", "(call $start)", ""],
    ["uncaught-exception", "(throw $oops)", "(tag $oops)"],
  ];
  for (const [trap, body, extra] of traps) {
    test(`names the trap ${trap} of ${body}`, async () => {
      const text = `(module ${extra} (memory (export "memory") 1) (func $start (export "_start") (local i32) ${body}))`;
      const status = await run(text);
      expect(status).toMatchObject({ kind: "trapped", trap });
    });
  }

  test("refuses instances that cannot be started, and a second start", async () => {
    const noMemory = `(module (func (export "_start")))`;
    const noStart = `(module (memory (export "memory") 1) (func (export "_initialize")))`;
    await expect(run(noMemory)).rejects.toThrow(WasiOptionsError);
    await expect(run(noStart)).rejects.toThrow(/_start/);
    const guestHost = host();
    const text = `(module (memory (export "memory") 1) (func (export "_start")))`;
    const instance = new wasm.Instance(new wasm.Module(await compile(text)), guestHost.imports);
    await guestHost.start(instance);
    await expect(guestHost.start(instance)).rejects.toThrow(/twice/);
  });

  test("a call made while the module is instantiated finds no memory and answers EFAULT", async () => {
    const text = `(module (import "${preview1}" "random_get" (func $random (param i32 i32) (result i32)))
      ${exitImport} (global $errno (mut i32) (i32.const -1)) (memory (export "memory") 1)
      (func $init (global.set $errno (call $random (i32.const 0) (i32.const 8))))
      (start $init)
      (func (export "_start") (call $exit (global.get $errno))))`;
    expect(await run(text)).toEqual({ kind: "exited", code: Errno.fault });
  });
});

describe("a guest with shared memory", () => {
  test("is served like any other", async () => {
    const output = collector();
    const text = `(module ${exitImport}
      (import "${preview1}" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (import "${preview1}" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
      (import "${preview1}" "random_get" (func $random (param i32 i32) (result i32)))
      (import "${preview1}" "path_filestat_get" (func $stat (param i32 i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1 4 shared) (data (i32.const 0) "\\10\\00\\00\\00\\04\\00\\00\\00") (data (i32.const 16) "....file")
      (func (export "_start")
        (drop (memory.grow (i32.const 1)))
        (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 64)))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64)))
        (if (call $random (i32.const 70000) (i32.const 100)) (then (call $exit (i32.const 1))))
        (call $exit (call $stat (i32.const 3) (i32.const 0) (i32.const 20) (i32.const 4) (i32.const 128)))))`;
    const { logger, entries } = logCollector();
    const guestHost = host({
      stdin: { read: () => Buffer.from("echo") },
      stdout: output,
      preopens: [{ guestPath: "/", fs: new MemoryFileSystem({ file: "" }) }],
      logger,
    });
    const module = new wasm.Module(await compile(text, { threads: true }));
    expect(await guestHost.start(new wasm.Instance(module, guestHost.imports))).toEqual({ kind: "exited", code: 0 });
    expect(output.text).toBe("echo");
    expect(entries).toEqual([]);
  });
});

describe("Preview1.close()", () => {
  const sleeper = (handler: string) => `(module ${exitImport}
    (import "${preview1}" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1) (data (i32.const 0) "\\10\\00\\00\\00\\10\\00\\00\\00")
    (func (export "_start") ${handler}))`;
  const wait = "(drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 64)))";

  async function closeWhileWaiting(text: string): Promise<ExitStatus> {
    const reading = Promise.withResolvers<void>();
    const guestHost = host({
      stdin: {
        read: () => {
          reading.resolve();
          return new Promise(() => undefined);
        },
      },
    });
    const running = guestHost.start(new wasm.Instance(new wasm.Module(await compile(text)), guestHost.imports));
    await reading.promise;
    guestHost.close();
    return running;
  }

  test("unwinds a guest that waits", async () => {
    await expect(closeWhileWaiting(sleeper(wait))).rejects.toThrow(GuestClosedError);
  });

  test("unwinds a guest that catches everything and goes on", async () => {
    const stubborn = `(loop $again try ${wait} catch_all end (br $again))`;
    await expect(closeWhileWaiting(sleeper(stubborn))).rejects.toThrow(GuestClosedError);
  });

  test("stops a guest at its next call", async () => {
    let calls = 0;
    const guestHost = host({
      stdout: {
        write: () => {
          calls += 1;
          if (calls === 3) guestHost.close();
        },
      },
    });
    const text = `(module (import "${preview1}" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1) (data (i32.const 0) "\\10\\00\\00\\00\\10\\00\\00\\00")
      (func (export "_start")
        (loop $again (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64))) (br $again))))`;
    const running = guestHost.start(new wasm.Instance(new wasm.Module(await compile(text)), guestHost.imports));
    await expect(running).rejects.toThrow(GuestClosedError);
    expect(calls).toBe(3);
  });

  test("is idempotent and refuses a later start", async () => {
    const guestHost = host();
    guestHost.close();
    guestHost.close();
    const text = `(module ${exitImport} (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const 1))))`;
    const instance = new wasm.Instance(new wasm.Module(await compile(text)), guestHost.imports);
    await expect(guestHost.start(instance)).rejects.toThrow(GuestClosedError);
  });
});

describe("imports", () => {
  test("have every function of both module names", () => {
    const { imports } = host();
    expect(Object.keys(imports[preview1] ?? {}).sort()).toEqual([...functionNames].sort());
    const older = functionNames.filter((name) => name !== "sock_accept").sort();
    expect(Object.keys(imports["wasi_unstable"] ?? {}).sort()).toEqual(older);
  });

  test("can be spread into another import object", async () => {
    const guestHost = host();
    const copy = { [preview1]: { ...guestHost.imports[preview1] } };
    const text = `(module ${exitImport} (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const 4))))`;
    const instance = new wasm.Instance(new wasm.Module(await compile(text)), copy);
    expect(await guestHost.start(instance)).toEqual({ kind: "exited", code: 4 });
  });

  test("a failure of the host is EIO for the guest and an entry in the log", async () => {
    const { logger, entries } = logCollector();
    const stdout = {
      write: () => {
        throw new TypeError("boom");
      },
    };
    const stdin = { read: () => Promise.reject(new Error("gone")) };
    const output = collector();
    const status = await drive({ stdout, stdin, stderr: output, logger }, async (guest) => {
      expect((await guest.write(1, "x")).errno).toBe(Errno.io);
      expect((await guest.read(0, 1)).errno).toBe(Errno.io);
      expect((await guest.write(2, "still here")).errno).toBe(Errno.success);
    });
    expect(status).toEqual({ kind: "exited", code: 0 });
    expect(output.text).toBe("still here");
    expect(entries).toHaveLength(2);
    expect(entries[0]).toMatch(/boom.*fd_write/);
  });

  test("an error with a POSIX code reaches the guest as that errno", async () => {
    const stdout = {
      write: () => {
        throw Object.assign(new Error("closed"), { code: "EPIPE" });
      },
    };
    await drive({ stdout }, async (guest) => {
      expect((await guest.write(1, "x")).errno).toBe(Errno.pipe);
    });
  });
});
