import { describe, expect, test } from "vitest";
import type { Preview1Options } from "../src/index.ts";
import { FdFlag } from "../src/preview1/abi.ts";
import { Errno } from "../src/preview1/errno.ts";
import { collector, drive, type GuestDriver } from "./guest-driver.ts";

const run = async (options: Partial<Preview1Options>, program: (guest: GuestDriver) => Promise<void>) =>
  expect(await drive(options, program)).toEqual({ kind: "exited", code: 0 });

describe("fd_write() to a stream", () => {
  test("hands each buffer to the sink and adds up", async () => {
    const pieces: string[] = [];
    const stdout = { write: (bytes: Uint8Array) => void pieces.push(Buffer.from(bytes).toString()) };
    await run({ stdout }, async (guest) => {
      const list = guest.iovecs(guest.text("one"), [0, 0], guest.text("two"));
      expect(await guest.call("fd_write", 1, list, 3, 64)).toBe(0);
      expect(guest.u32(64)).toBe(6);
      expect(await guest.call("fd_write", 1, list, 0, 64)).toBe(0);
      expect(guest.u32(64)).toBe(0);
    });
    expect(pieces).toEqual(["one", "two"]);
  });

  test("keeps the guest while the sink waits, and goes on with the rest", async () => {
    const gates: (() => void)[] = [];
    const pieces: string[] = [];
    const stdout = {
      write: (bytes: Uint8Array) => {
        pieces.push(Buffer.from(bytes).toString());
        return new Promise<void>((resolve) => gates.push(resolve));
      },
    };
    await run({ stdout }, async (guest) => {
      const list = guest.iovecs(guest.text("one"), guest.text("two"));
      const writing = guest.call("fd_write", 1, list, 2, 64);
      expect(pieces).toEqual(["one"]);
      gates.shift()?.();
      while (gates.length === 0) await Promise.resolve();
      expect(pieces).toEqual(["one", "two"]);
      gates.shift()?.();
      expect(await writing).toBe(0);
      expect(guest.u32(64)).toBe(6);
    });
  });

  test("reports the error of a sink that failed later", async () => {
    const failure = () => Promise.reject(Object.assign(new Error("gone"), { code: "EPIPE" }));
    await run({ stdout: { write: failure } }, async (guest) => {
      expect((await guest.write(1, "x")).errno).toBe(Errno.pipe);
      await guest.call("fd_fdstat_set_flags", 1, FdFlag.nonblock);
      expect((await guest.write(1, "x")).errno).toBe(0);
      await new Promise((resolve) => setImmediate(resolve));
      expect((await guest.write(1, "x")).errno).toBe(Errno.pipe);
    });
  });

  test("writes as fast as the guest does", async () => {
    const output = collector();
    await run({ stdout: output }, async (guest) => {
      for (let index = 0; index < 1000; index++) await guest.write(1, "line\n");
    });
    expect(output.text).toBe("line\n".repeat(1000));
  });
});

describe("fd_read() from a stream", () => {
  test("spreads what came over the buffers and keeps the rest", async () => {
    const chunks = ["hello world", "!"];
    const stdin = { read: () => Buffer.from(chunks.shift() ?? "") };
    await run({ stdin }, async (guest) => {
      const list = guest.iovecs([80, 3], [88, 0], [96, 4]);
      expect(await guest.call("fd_read", 0, list, 3, 64)).toBe(0);
      expect(guest.u32(64)).toBe(7);
      expect(guest.bytes(80, 3).toString() + guest.bytes(96, 4).toString()).toBe("hello w");
      expect((await guest.read(0, 100)).text).toBe("orld");
      expect((await guest.read(0, 100)).text).toBe("!");
      expect((await guest.read(0, 100)).text).toBe("");
      expect(await guest.call("fd_read", 0, list, 0, 64)).toBe(0);
    });
  });

  test("asks for no more than the guest has room for, nor for more than one piece", async () => {
    const asked: number[] = [];
    const stdin = {
      read: (maxBytes: number) => {
        asked.push(maxBytes);
        return Buffer.from("x");
      },
    };
    await run({ stdin }, async (guest) => {
      await guest.read(0, 10);
      guest.memory.grow(4);
      expect(await guest.call("fd_read", 0, guest.iovecs([131_072, 200_000]), 1, 64)).toBe(0);
    });
    expect(asked).toEqual([10, 65_536]);
  });

  test("answers EAGAIN when the descriptor does not block, and loses nothing", async () => {
    const answer = Promise.withResolvers<Uint8Array>();
    let reads = 0;
    const stdin = {
      read: () => {
        reads += 1;
        return answer.promise;
      },
    };
    await run({ stdin }, async (guest) => {
      await guest.call("fd_fdstat_set_flags", 0, FdFlag.nonblock);
      expect((await guest.read(0, 4)).errno).toBe(Errno.again);
      expect((await guest.read(0, 4)).errno).toBe(Errno.again);
      answer.resolve(Buffer.from("later"));
      await new Promise((resolve) => setImmediate(resolve));
      expect(await guest.read(0, 4)).toEqual({ errno: 0, text: "late" });
      expect(await guest.read(0, 4)).toEqual({ errno: 0, text: "r" });
      expect(reads).toBe(1);
    });
  });
});
