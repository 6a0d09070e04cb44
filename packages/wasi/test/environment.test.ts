import { describe, expect, test } from "vitest";
import { createPreview1, emptySource, nullSink, WasiOptionsError } from "../src/index.ts";
import { Errno } from "../src/preview1/errno.ts";
import { drive, type GuestDriver } from "./guest-driver.ts";

async function strings(guest: GuestDriver, name: "args" | "environ"): Promise<string[]> {
  const [count, size] = [guest.alloc(4), guest.alloc(4)];
  expect(await guest.call(`${name}_sizes_get`, count, size)).toBe(Errno.success);
  const pointers = guest.alloc(guest.u32(count) * 4);
  const buffer = guest.alloc(guest.u32(size));
  expect(await guest.call(`${name}_get`, pointers, buffer)).toBe(Errno.success);
  return Array.from({ length: guest.u32(count) }, (_, index) => {
    const start = guest.u32(pointers + index * 4);
    const bytes = guest.bytes(start, buffer + guest.u32(size) - start);
    return bytes.subarray(0, bytes.indexOf(0)).toString();
  });
}

describe("arguments and environment", () => {
  test("args_get() gives the arguments in UTF-8, each with a NUL", async () => {
    await drive({ args: ["prog", "", "grün", 'a "b" c'] }, async (guest) => {
      expect(await strings(guest, "args")).toEqual(["prog", "", "grün", 'a "b" c']);
    });
  });

  test("environ_get() gives NAME=value, values with = included", async () => {
    await drive({ env: { PATH: "/bin", EMPTY: "", EQ: "a=b" } }, async (guest) => {
      expect(await strings(guest, "environ")).toEqual(["PATH=/bin", "EMPTY=", "EQ=a=b"]);
    });
  });

  test("args_get() writes nothing outside the memory", async () => {
    await drive({ args: ["prog"] }, async (guest) => {
      expect(await guest.call("args_get", 0xffff_fff0 | 0, 1024)).toBe(Errno.fault);
      expect(await guest.call("args_get", 1024, 131_070)).toBe(Errno.fault);
      expect(await guest.call("args_sizes_get", 1024, -4)).toBe(Errno.fault);
    });
  });

  test("createPreview1() refuses arguments and variables no guest can be given", () => {
    const options = { args: [], env: {}, stdin: emptySource, stdout: nullSink, stderr: nullSink, preopens: [] };
    expect(() => createPreview1({ ...options, args: ["a\0b"] })).toThrow(WasiOptionsError);
    expect(() => createPreview1({ ...options, env: { "A=B": "c" } })).toThrow(WasiOptionsError);
    expect(() => createPreview1({ ...options, env: { "": "c" } })).toThrow(WasiOptionsError);
    expect(() => createPreview1({ ...options, env: { A: "c\0" } })).toThrow(WasiOptionsError);
  });
});

describe("random_get()", () => {
  test("fills exactly the buffer, in pieces the source can take", async () => {
    const pieces: number[] = [];
    const random = (buffer: Uint8Array) => {
      pieces.push(buffer.length);
      buffer.fill(7);
    };
    await drive({ random }, async (guest) => {
      const buffer = guest.alloc(70_002);
      expect(await guest.call("random_get", buffer + 1, 70_000)).toBe(Errno.success);
      expect(pieces).toEqual([65_536, 4464]);
      expect(guest.bytes(buffer, 1)[0]).toBe(0);
      expect(guest.bytes(buffer + 70_001, 1)[0]).toBe(0);
      expect(guest.bytes(buffer + 1, 70_000).every((byte) => byte === 7)).toBe(true);
    });
  });

  test("answers EFAULT for a buffer that leaves the memory", async () => {
    await drive({}, async (guest) => {
      expect(await guest.call("random_get", 131_000, 1000)).toBe(Errno.fault);
      expect(await guest.call("random_get", 1024, -1)).toBe(Errno.fault);
      expect(await guest.call("random_get", 131_072, 0)).toBe(Errno.success);
    });
  });

  test("uses the machine's source by default", async () => {
    await drive({}, async (guest) => {
      const buffer = guest.alloc(32);
      expect(await guest.call("random_get", buffer, 32)).toBe(Errno.success);
      expect(guest.bytes(buffer, 32).equals(Buffer.alloc(32))).toBe(false);
    });
  });
});
