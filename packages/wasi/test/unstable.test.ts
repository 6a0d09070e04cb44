import { expect, test } from "vitest";
import { MemoryFileSystem } from "../src/index.ts";
import { Errno } from "../src/preview1/errno.ts";
import { drive, type GuestDriver } from "./guest-driver.ts";

const run = async (program: (guest: GuestDriver) => Promise<void>) => {
  const preopens = [{ guestPath: "/", fs: new MemoryFileSystem({ file: "0123456789" }) }];
  expect(await drive({ preopens }, program, "wasi_unstable")).toEqual({ kind: "exited", code: 0 });
};

test("wasi_unstable: fd_seek() counts whence from the current position", async () => {
  await run(async (guest) => {
    const { fd } = await guest.open("file");
    const seek = async (offset: bigint, whence: number) => {
      expect(await guest.call("fd_seek", fd, offset, whence, 64)).toBe(0);
      return guest.u64(64);
    };
    expect(await seek(4n, 2)).toBe(4n);
    expect(await seek(1n, 0)).toBe(5n);
    expect(await seek(-2n, 1)).toBe(8n);
    expect(await guest.call("fd_seek", fd, 0n, 3, 64)).toBe(Errno.inval);
  });
});

test("wasi_unstable: filestat has a 32-bit link count and 56 bytes", async () => {
  await run(async (guest) => {
    const times = [5n, 7n] as const;
    expect(await guest.call("path_filestat_set_times", 3, 0, ...guest.text("file"), ...times, 5)).toBe(0);
    new Uint8Array(guest.memory.buffer).fill(0xee, 64, 64 + 64);
    expect(await guest.call("path_filestat_get", 3, 0, ...guest.text("file"), 64)).toBe(0);
    expect(guest.bytes(64 + 16, 1)[0]).toBe(4);
    expect(guest.u32(64 + 20)).toBe(1);
    expect(guest.u64(64 + 24)).toBe(10n);
    expect([guest.u64(64 + 32), guest.u64(64 + 40)]).toEqual(times);
    expect(guest.bytes(64 + 56, 8)).toEqual(Buffer.alloc(8, 0xee));
  });
});

test("wasi_unstable: a clock subscription has an identifier and 56 bytes", async () => {
  await run(async (guest) => {
    const at = guest.alloc(112);
    for (const [index, clock] of [0, 1].entries()) {
      guest.view.setBigUint64(at + index * 56, BigInt(index + 1), true);
      guest.view.setBigUint64(at + index * 56 + 16, 99n, true);
      guest.view.setUint32(at + index * 56 + 24, clock, true);
      guest.view.setBigUint64(at + index * 56 + 32, index === 0 ? 10n ** 12n : 0n, true);
    }
    const out = guest.alloc(64);
    expect(await guest.call("poll_oneoff", at, out, 2, 64)).toBe(0);
    expect(guest.u32(64)).toBe(1);
    expect(guest.u64(out)).toBe(2n);
  });
});
