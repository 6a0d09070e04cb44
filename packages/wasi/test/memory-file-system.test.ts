import { describe, expect, test } from "vitest";
import { FileError, MemoryFileSystem } from "../src/index.ts";
import { OpenFlag } from "../src/preview1/abi.ts";
import { Errno } from "../src/preview1/errno.ts";
import { drive, type GuestDriver } from "./guest-driver.ts";

const run = async (fs: MemoryFileSystem, program: (guest: GuestDriver) => Promise<void>) =>
  expect(await drive({ preopens: [{ guestPath: "/", fs }] }, program)).toEqual({ kind: "exited", code: 0 });

describe("MemoryFileSystem", () => {
  test("holds the tree it was made from, in text and bytes", async () => {
    const fs = new MemoryFileSystem({ config: { "app.yaml": "a: 1\n", empty: "" }, raw: Uint8Array.of(1, 2) });
    await run(fs, async (guest) => {
      const { fd } = await guest.open("config/app.yaml");
      expect((await guest.read(fd, 100)).text).toBe("a: 1\n");
      expect((await guest.open("config/empty")).errno).toBe(0);
      const raw = await guest.open("raw");
      expect((await guest.read(raw.fd, 100)).text).toBe("\u0001\u0002");
    });
  });

  test("refuses names that are paths", () => {
    for (const name of ["", ".", "..", "a/b", "a\0"]) {
      expect(() => new MemoryFileSystem({ [name]: "" })).toThrow(FileError);
    }
  });

  test("is the same for all guests it is given to", async () => {
    const fs = new MemoryFileSystem();
    await run(fs, async (guest) => {
      const { fd } = await guest.open("note", { oflags: OpenFlag.create });
      await guest.write(fd, "for the next");
    });
    await run(fs, async (guest) => {
      const { fd } = await guest.open("note");
      expect((await guest.read(fd, 100)).text).toBe("for the next");
    });
  });

  test("answers ENOSPC when its bytes are used up, and gives room back", async () => {
    await run(new MemoryFileSystem({}, { maxBytes: 100 }), async (guest) => {
      const { fd } = await guest.open("a", { oflags: OpenFlag.create });
      expect((await guest.write(fd, "x".repeat(90))).errno).toBe(0);
      expect((await guest.write(fd, "x".repeat(11))).errno).toBe(Errno.nospc);
      expect(await guest.call("fd_allocate", fd, 0n, 101n)).toBe(Errno.nospc);
      expect(await guest.call("fd_filestat_set_size", fd, 2n ** 50n)).toBe(Errno.nospc);
      const other = await guest.open("b", { oflags: OpenFlag.create });
      expect((await guest.write(other.fd, "x".repeat(11))).errno).toBe(Errno.nospc);
      expect(await guest.call("fd_filestat_set_size", fd, 10n)).toBe(0);
      expect((await guest.write(other.fd, "x".repeat(80))).errno).toBe(0);
      expect(await guest.path("path_unlink_file", "b")).toBe(0);
      expect((await guest.write(fd, "y")).errno).toBe(Errno.nospc);
      await guest.call("fd_close", other.fd);
      expect((await guest.write(fd, "y")).errno).toBe(0);
    });
  });

  test("answers ENOSPC when it has too many entries, and gives room back", async () => {
    await run(new MemoryFileSystem({}, { maxNodes: 4 }), async (guest) => {
      for (const name of ["a", "b", "c"]) expect(await guest.path("path_create_directory", name)).toBe(0);
      expect(await guest.path("path_create_directory", "d")).toBe(Errno.nospc);
      expect((await guest.open("f", { oflags: OpenFlag.create })).errno).toBe(Errno.nospc);
      expect(await guest.path("path_remove_directory", "a")).toBe(0);
      expect((await guest.open("f", { oflags: OpenFlag.create })).errno).toBe(0);
    });
  });

  test("knows no files of another file system", async () => {
    const preopens = [
      { guestPath: "/a", fs: new MemoryFileSystem({ f: "" }) },
      { guestPath: "/b", fs: new MemoryFileSystem() },
    ];
    await drive({ preopens }, async (guest) => {
      expect(await guest.call("path_rename", 3, ...guest.text("f"), 4, ...guest.text("f"))).toBe(Errno.xdev);
      expect(await guest.call("path_link", 3, 0, ...guest.text("f"), 4, ...guest.text("f"))).toBe(Errno.xdev);
    });
  });

  test("a directory moved about is never its own ancestor", async () => {
    await run(new MemoryFileSystem({ a: { b: { c: {} } } }), async (guest) => {
      const rename = (from: string, to: string) =>
        guest.call("path_rename", 3, ...guest.text(from), 3, ...guest.text(to));
      expect(await rename("a", "a/b/c/d")).toBe(Errno.inval);
      expect(await rename("a/b", "moved")).toBe(0);
      expect(await rename("a", "moved/c/a")).toBe(0);
      expect(await rename("moved", "moved/c/a/x")).toBe(Errno.inval);
      expect(await rename("moved/c", "c")).toBe(0);
      expect(await rename("moved", "c/a/x")).toBe(0);
    });
  });
});
