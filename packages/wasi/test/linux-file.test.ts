import { closeSync, fsyncSync, openSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hostFileSystem } from "../src/index.ts";
import { OpenFlag } from "../src/preview1/abi.ts";
import { Errno } from "../src/preview1/errno.ts";
import { Right } from "../src/preview1/rights.ts";
import { HostSandbox } from "./file-systems.ts";
import { drive, type GuestDriver } from "./guest-driver.ts";

const mebibyte = 1024 * 1024;

/** Runs `program` with a descriptor of `file` that may only be written, and answers the file's length, space and content. */
async function afterwards(
  prepare: (path: string) => void,
  program: (guest: GuestDriver, fd: number) => Promise<void>,
): Promise<{ readonly sizeBytes: number; readonly takenBytes: number; readonly content: Buffer }> {
  using sandbox = new HostSandbox();
  const path = join(sandbox.root, "file");
  writeFileSync(path, "");
  prepare(path);
  const status = await drive({ preopens: [{ guestPath: "/", fs: hostFileSystem(sandbox.root) }] }, async (guest) => {
    const rights = BigInt(Right.fdWrite | Right.fdAllocate);
    const { errno, fd } = await guest.open("file", { oflags: OpenFlag.create, rights });
    expect(errno).toBe(0);
    await program(guest, fd);
  });
  expect(status).toEqual({ kind: "exited", code: 0 });
  // Space that is only promised is given now, where a file system waits with it.
  const fd = openSync(path, "r");
  fsyncSync(fd);
  closeSync(fd);
  const { size, blocks } = statSync(path);
  return { sizeBytes: size, takenBytes: blocks * 512, content: readFileSync(path) };
}

describe.skipIf(process.platform !== "linux")("LinuxFile.allocate()", () => {
  test("takes the space of what the file becomes longer by, and zeros are read there", async () => {
    const file = await afterwards(
      (path) => writeFileSync(path, "start"),
      async (guest, fd) => expect(await guest.call("fd_allocate", fd, 0n, BigInt(2 * mebibyte + 7))).toBe(0),
    );
    expect(file.sizeBytes).toBe(2 * mebibyte + 7);
    expect(file.takenBytes).toBeGreaterThanOrEqual(2 * mebibyte);
    expect(file.content.subarray(0, 5).toString()).toBe("start");
    expect(file.content.subarray(5).every((byte) => byte === 0)).toBe(true);
  });

  test("leaves the gap before its offset without space", async () => {
    const file = await afterwards(
      () => undefined,
      async (guest, fd) => expect(await guest.call("fd_allocate", fd, BigInt(mebibyte), BigInt(mebibyte))).toBe(0),
    );
    expect(file.sizeBytes).toBe(2 * mebibyte);
    expect(file.takenBytes).toBeLessThan(2 * mebibyte);
    expect(file.takenBytes).toBeGreaterThanOrEqual(mebibyte);
  });

  test("takes the space of holes in the file, and changes no byte", async () => {
    const text = "in the middle";
    const file = await afterwards(
      (path) => {
        truncateSync(path, mebibyte);
        writeFileSync(path, Buffer.concat([Buffer.alloc(8000), Buffer.from(text)]), { flag: "r+" });
      },
      async (guest, fd) => expect(await guest.call("fd_allocate", fd, 1n, BigInt(mebibyte - 1))).toBe(0),
    );
    expect(file.sizeBytes).toBe(mebibyte);
    expect(file.takenBytes).toBeGreaterThanOrEqual(mebibyte);
    expect(file.content.subarray(8000, 8000 + text.length).toString()).toBe(text);
    expect(file.content.filter((byte) => byte !== 0)).toHaveLength(text.length);
  });

  test("is for files open for writing", async () => {
    await afterwards(
      () => undefined,
      async (guest) => {
        const { fd } = await guest.open("file", { rights: BigInt(Right.fdRead) });
        expect(await guest.call("fd_allocate", fd, 0n, 10n)).toBe(Errno.notcapable);
      },
    );
  });
});
