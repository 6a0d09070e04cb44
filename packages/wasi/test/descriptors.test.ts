import { describe, expect, test } from "vitest";
import {
  createPreview1,
  emptySource,
  hostFileSystem,
  MemoryFileSystem,
  nullSink,
  WasiOptionsError,
} from "../src/index.ts";
import { OpenFlag } from "../src/preview1/abi.ts";
import { Errno } from "../src/preview1/errno.ts";
import { directoryRights, fileRights, Right } from "../src/preview1/rights.ts";
import { fileSystems } from "./file-systems.ts";
import { drive, fullDirectoryRights, fullFileRights, type GuestDriver } from "./guest-driver.ts";

const run = (program: (guest: GuestDriver) => Promise<void>) =>
  drive({ preopens: [{ guestPath: "/data", fs: new MemoryFileSystem({ file: "content", dir: {} }) }] }, program);

async function fdstat(guest: GuestDriver, fd: number) {
  const pointer = guest.alloc(24);
  expect(await guest.call("fd_fdstat_get", fd, pointer)).toBe(0);
  return {
    type: guest.bytes(pointer, 1)[0],
    flags: guest.view.getUint16(pointer + 2, true),
    rights: guest.u64(pointer + 8),
    inheriting: guest.u64(pointer + 16),
  };
}

describe("preopens", () => {
  test("fd_prestat_get() and fd_prestat_dir_name() tell their paths", async () => {
    const preopens = [
      { guestPath: "/", fs: new MemoryFileSystem() },
      { guestPath: "/grün", fs: new MemoryFileSystem() },
    ];
    await drive({ preopens }, async (guest) => {
      const prestat = guest.alloc(8);
      expect(await guest.call("fd_prestat_get", 4, prestat)).toBe(0);
      expect([guest.u32(prestat), guest.u32(prestat + 4)]).toEqual([0, 6]);
      const name = guest.alloc(8);
      expect(await guest.call("fd_prestat_dir_name", 4, name, 8)).toBe(0);
      expect(guest.bytes(name, 7).toString()).toBe("/grün\0");
      expect(await guest.call("fd_prestat_dir_name", 4, name, 5)).toBe(Errno.nametoolong);
      for (const fd of [0, 5, -1]) expect(await guest.call("fd_prestat_get", fd, prestat)).toBe(Errno.badf);
      const { fd } = await guest.open(".", { rights: 0n });
      expect(await guest.call("fd_prestat_get", fd, prestat)).toBe(Errno.badf);
    });
  });

  test("createPreview1() refuses those it cannot open", () => {
    const create = (preopen: object) =>
      createPreview1({
        args: [],
        env: {},
        stdin: emptySource,
        stdout: nullSink,
        stderr: nullSink,
        preopens: [{ guestPath: "/x", ...preopen }],
      });
    expect(() => create({})).toThrow(/either a host directory or a file system/);
    expect(() => create({ hostPath: "/", fs: new MemoryFileSystem() })).toThrow(WasiOptionsError);
    expect(() => hostFileSystem("/", "darwin")).toThrow(/Linux only/);
    if (process.platform === "linux") {
      expect(() => create({ hostPath: "/does/not/exist" })).toThrow(/ENOENT/);
      expect(() => create({ hostPath: "/etc/passwd" })).toThrow(/ENOTDIR/);
    }
  });

  test("can be closed and written over", async () => {
    await run(async (guest) => {
      const { fd } = await guest.open("dir", { rights: fullDirectoryRights });
      expect(await guest.call("fd_renumber", fd, 3)).toBe(0);
      expect(await guest.call("fd_fdstat_get", fd, 0)).toBe(Errno.badf);
      expect((await guest.open("file", { rights: 0n })).errno).toBe(Errno.noent);
      expect(await guest.call("fd_close", 3)).toBe(0);
      expect((await guest.open("file", { rights: 0n })).errno).toBe(Errno.badf);
    });
  });
});

describe("numbers", () => {
  test("the lowest free one is given", async () => {
    await run(async (guest) => {
      const open = async () => (await guest.open("file")).fd;
      expect([await open(), await open(), await open()]).toEqual([4, 5, 6]);
      await guest.call("fd_close", 5);
      await guest.call("fd_close", 0);
      expect([await open(), await open(), await open()]).toEqual([0, 5, 7]);
    });
  });

  test("fd_renumber() moves a descriptor onto an open one only", async () => {
    await run(async (guest) => {
      const a = (await guest.open("file")).fd;
      const b = (await guest.open("file", { rights: BigInt(Right.fdRead) })).fd;
      const before = await fdstat(guest, a);
      expect(await guest.call("fd_renumber", a, b)).toBe(0);
      expect(await fdstat(guest, b)).toEqual(before);
      expect(await guest.call("fd_close", a)).toBe(Errno.badf);
      expect(await guest.call("fd_renumber", b, a)).toBe(Errno.badf);
      expect(await guest.call("fd_renumber", a, b)).toBe(Errno.badf);
      expect(await guest.call("fd_renumber", b, b)).toBe(0);
      expect((await guest.read(b, 10)).text).toBe("content");
    });
  });

  test("more than a guest may have are EMFILE, and closing makes room", async () => {
    const preopens = [{ guestPath: "/", fs: new MemoryFileSystem({ file: "" }) }];
    await drive({ preopens, maxDescriptors: 6 }, async (guest) => {
      expect((await guest.open("file")).fd).toBe(4);
      expect((await guest.open("file")).fd).toBe(5);
      expect((await guest.open("file")).errno).toBe(Errno.mfile);
      expect((await guest.open("new", { oflags: OpenFlag.create })).errno).toBe(Errno.mfile);
      await guest.call("fd_close", 4);
      expect((await guest.open("new")).errno).toBe(Errno.noent);
      expect((await guest.open("file")).fd).toBe(4);
    });
  });

  test("a thousand files can be open by default", async () => {
    await run(async (guest) => {
      for (let fd = 4; fd < 1024; fd++) expect((await guest.open("file")).fd).toBe(fd);
      expect((await guest.open("file")).errno).toBe(Errno.mfile);
    });
  });

  test("those that are not open are EBADF in every call", async () => {
    await run(async (guest) => {
      const calls: [string, ...(number | bigint)[]][] = [
        ["fd_advise", 9, 0n, 0n, 0],
        ["fd_allocate", 9, 0n, 1n],
        ["fd_close", 9],
        ["fd_datasync", 9],
        ["fd_fdstat_get", 9, 64],
        ["fd_fdstat_set_flags", 9, 0],
        ["fd_fdstat_set_rights", 9, 0n, 0n],
        ["fd_filestat_get", 9, 64],
        ["fd_filestat_set_size", 9, 0n],
        ["fd_filestat_set_times", 9, 0n, 0n, 0],
        ["fd_pread", 9, 64, 0, 0n, 64],
        ["fd_prestat_dir_name", 9, 64, 10],
        ["fd_pwrite", 9, 64, 0, 0n, 64],
        ["fd_read", 9, 64, 0, 64],
        ["fd_readdir", 9, 64, 10, 0n, 64],
        ["fd_renumber", 9, 9],
        ["fd_seek", 9, 0n, 0, 64],
        ["fd_sync", 9],
        ["fd_tell", 9, 64],
        ["fd_write", 9, 64, 0, 64],
        ["path_create_directory", 9, 64, 1],
        ["path_remove_directory", 9, 64, 1],
        ["sock_accept", 9, 0, 64],
        ["sock_recv", 9, 64, 0, 0, 64, 64],
        ["sock_send", 9, 64, 0, 0, 64],
        ["sock_shutdown", 9, 1],
      ];
      guest.text("aaaa");
      new Uint8Array(guest.memory.buffer).fill(0x61, 64, 80);
      for (const [name, ...args] of calls) expect(await guest.call(name, ...args), name).toBe(Errno.badf);
    });
  });
});

describe("rights", () => {
  test("fd_fdstat_get() shows those of directories, files and streams", async () => {
    await run(async (guest) => {
      expect(await fdstat(guest, 3)).toEqual({
        type: 3,
        flags: 0,
        rights: BigInt(directoryRights),
        inheriting: BigInt(directoryRights | fileRights),
      });
      expect((await fdstat(guest, 3)).rights & BigInt(Right.fdFilestatSetSize | Right.fdSeek)).toBe(0n);
      const { rights } = await fdstat(guest, 1);
      expect(rights & BigInt(Right.fdSeek | Right.fdTell | Right.fdRead)).toBe(0n);
      expect(rights & BigInt(Right.fdWrite)).not.toBe(0n);
    });
  });

  test("a file opened for one thing is EBADF for the other", async () => {
    await run(async (guest) => {
      const readable = await guest.open("file", { rights: BigInt(Right.fdRead | Right.fdSeek) });
      expect((await guest.write(readable.fd, "x")).errno).toBe(Errno.badf);
      const writable = await guest.open("file", { rights: BigInt(Right.fdWrite) });
      expect((await guest.read(writable.fd, 1)).errno).toBe(Errno.badf);
    });
  });

  test("fd_fdstat_set_rights() can only take away", async () => {
    await run(async (guest) => {
      const { fd } = await guest.open("file", { rights: fullFileRights, inheriting: 0n });
      const less = fullFileRights & ~BigInt(Right.fdWrite | Right.fdTell | Right.fdSeek);
      expect(await guest.call("fd_fdstat_set_rights", fd, less, 0n)).toBe(0);
      expect((await fdstat(guest, fd)).rights).toBe(less);
      expect((await guest.write(fd, "x")).errno).toBe(Errno.badf);
      expect(await guest.call("fd_tell", fd, 64)).toBe(Errno.notcapable);
      expect(await guest.call("fd_fdstat_set_rights", fd, fullFileRights, 0n)).toBe(Errno.notcapable);
      expect(await guest.call("fd_fdstat_set_rights", fd, less, 1n)).toBe(Errno.notcapable);
      expect(await guest.call("fd_fdstat_set_rights", fd, 1n << 40n, 0n)).toBe(Errno.notcapable);
      expect(await guest.call("fd_fdstat_set_rights", fd, -1n, 0n)).toBe(Errno.notcapable);
    });
  });

  test("what is opened through a directory gets no more than the directory hands on", async () => {
    await run(async (guest) => {
      const inheriting = BigInt(Right.fdRead);
      const { fd: dir } = await guest.open("dir", { rights: fullDirectoryRights, inheriting });
      const open = (rights: number, inherits = 0) =>
        guest.open("x", { dir, oflags: OpenFlag.create, rights: BigInt(rights), inheriting: BigInt(inherits) });
      expect((await open(Right.fdWrite)).errno).toBe(Errno.notcapable);
      expect((await open(Right.fdRead, Right.fdWrite)).errno).toBe(Errno.notcapable);
      expect((await open(Right.fdRead)).errno).toBe(Errno.success);
      expect((await guest.open("x", { dir, rights: 1n << 30n })).errno).toBe(Errno.notcapable);
    });
  });

  test("a directory reopened with its own rights, and one below with less, work like the original", async () => {
    using files = fileSystems[fileSystems.length - 1]!.create();
    const status = await drive({ preopens: [{ guestPath: "/", fs: files.fs }] }, async (guest) => {
      const { rights, inheriting } = await fdstat(guest, 3);
      const root = await guest.open(".", { oflags: OpenFlag.directory, rights, inheriting });
      expect(root.errno).toBe(0);
      expect(await fdstat(guest, root.fd)).toEqual(await fdstat(guest, 3));
      expect((await guest.open(".", { rights: 0n })).errno).toBe(0);
      expect((await guest.open(".", { oflags: OpenFlag.directory, rights: 2n, inheriting: 0n })).errno).toBe(0);
      const both = BigInt(Right.fdRead | Right.fdWrite);
      expect((await guest.open(".", { oflags: OpenFlag.directory, rights: both })).errno).toBe(Errno.isdir);
      expect((await guest.open(".", { rights: 0n, flags: 4 })).errno).toBe(0);
      expect(await guest.path("path_create_directory", "tmp", root.fd)).toBe(0);
      const base = directoryRights & ~(Right.fdSync | Right.fdAdvise);
      const handedOn = fileRights & ~Right.fdDatasync;
      const tmp = await guest.open("tmp", {
        dir: root.fd,
        oflags: OpenFlag.directory,
        rights: BigInt(base),
        inheriting: BigInt(handedOn),
      });
      expect(tmp.errno).toBe(0);
      expect(await fdstat(guest, tmp.fd)).toMatchObject({ rights: BigInt(base), inheriting: BigInt(handedOn) });
      const dir = tmp.fd;
      expect((await guest.open("file", { dir, oflags: OpenFlag.create, rights: 0n })).errno).toBe(0);
      const file = await guest.open("file", { dir, rights: BigInt(Right.fdRead), inheriting: 0n });
      expect(await fdstat(guest, file.fd)).toMatchObject({ rights: 2n, inheriting: 0n, type: 4 });
      const seekable = await guest.open("tmp", { oflags: OpenFlag.directory, rights: BigInt(Right.fdSeek) });
      expect((await fdstat(guest, seekable.fd)).rights).toBe(0n);
      const withoutTruncation = BigInt(base & ~Right.pathFilestatSetSize);
      expect(
        await guest.call("fd_fdstat_set_rights", dir, BigInt(base), BigInt(handedOn & ~Right.fdFilestatSetSize)),
      ).toBe(0);
      expect((await guest.open("file", { dir, oflags: OpenFlag.truncate, rights: 0n })).errno).toBe(0);
      expect(await guest.call("fd_fdstat_set_rights", dir, withoutTruncation, 0n)).toBe(0);
      expect((await guest.open("file", { dir, oflags: OpenFlag.truncate, rights: 0n })).errno).toBe(Errno.notcapable);
      expect(await guest.path("path_unlink_file", "file", dir)).toBe(0);
    });
    expect(status).toEqual({ kind: "exited", code: 0 });
  });

  test("a standard stream can be moved over a file, and its number is free then", async () => {
    await run(async (guest) => {
      for (const stream of [0, 1, 2]) {
        const { fd } = await guest.open("file", { rights: 0n });
        expect(await guest.call("fd_renumber", stream, fd)).toBe(0);
        expect(await guest.call("fd_fdstat_get", stream, 64)).toBe(Errno.badf);
        expect((await fdstat(guest, fd)).type).toBe(0);
      }
    });
  });

  const needed: readonly (readonly [number, (guest: GuestDriver, dir: number) => Promise<number>])[] = [
    [Right.pathOpen, async (guest, dir) => (await guest.open("f", { dir, rights: 0n })).errno],
    [Right.pathCreateFile, async (guest, dir) => (await guest.open("g", { dir, oflags: 1, rights: 0n })).errno],
    [Right.pathFilestatSetSize, async (guest, dir) => (await guest.open("f", { dir, oflags: 8, rights: 0n })).errno],
    [Right.pathCreateDirectory, (guest, dir) => guest.path("path_create_directory", "d", dir)],
    [Right.pathRemoveDirectory, (guest, dir) => guest.path("path_remove_directory", "empty", dir)],
    [Right.pathUnlinkFile, (guest, dir) => guest.path("path_unlink_file", "f", dir)],
    [Right.pathSymlink, (guest, dir) => guest.call("path_symlink", ...guest.text("a"), dir, ...guest.text("b"))],
    [Right.pathReadlink, (guest, dir) => guest.call("path_readlink", dir, ...guest.text("l"), 64, 8, 72)],
    [Right.pathFilestatGet, (guest, dir) => guest.call("path_filestat_get", dir, 0, ...guest.text("f"), 64)],
    [
      Right.pathFilestatSetTimes,
      (guest, dir) => guest.call("path_filestat_set_times", dir, 0, ...guest.text("f"), 0n, 0n, 1),
    ],
    [
      Right.pathLinkSource,
      (guest, dir) => guest.call("path_link", dir, 0, ...guest.text("f"), 3, ...guest.text("made")),
    ],
    [
      Right.pathLinkTarget,
      (guest, dir) => guest.call("path_link", 3, 0, ...guest.text("file"), dir, ...guest.text("made")),
    ],
    [Right.pathRenameSource, (guest, dir) => guest.call("path_rename", dir, ...guest.text("f"), 3, ...guest.text("f"))],
    [
      Right.pathRenameTarget,
      (guest, dir) => guest.call("path_rename", 3, ...guest.text("file"), dir, ...guest.text("f")),
    ],
    [Right.fdReaddir, (guest, dir) => guest.call("fd_readdir", dir, 64, 16, 0n, 128)],
    [Right.fdFilestatGet, (guest, dir) => guest.call("fd_filestat_get", dir, 64)],
    [Right.fdFilestatSetTimes, (guest, dir) => guest.call("fd_filestat_set_times", dir, 0n, 0n, 1)],
    [Right.fdSync, (guest, dir) => guest.call("fd_sync", dir)],
    [Right.fdDatasync, (guest, dir) => guest.call("fd_datasync", dir)],
  ];
  for (const [right, call] of needed) {
    const name = Object.entries(Right).find(([, value]) => value === right)?.[0];
    test(`${name} is demanded, and is all that is missing`, async () => {
      const attempt = async (rights: bigint) => {
        let errno = -1;
        const fs = new MemoryFileSystem({ file: "", dir: { f: "", empty: {} } });
        await drive({ preopens: [{ guestPath: "/", fs }] }, async (guest) => {
          await guest.call("path_symlink", ...guest.text("f"), 3, ...guest.text("dir/l"));
          const { fd } = await guest.open("dir", { rights, inheriting: fullFileRights });
          errno = await call(guest, fd);
        });
        return errno;
      };
      expect(await attempt(fullDirectoryRights & ~BigInt(right))).toBe(Errno.notcapable);
      expect(await attempt(fullDirectoryRights)).toBe(Errno.success);
    });
  }
});

describe("streams", () => {
  test("answer for calls meant for files", async () => {
    await run(async (guest) => {
      expect(await guest.call("fd_seek", 1, 0n, 0, 64)).toBe(Errno.spipe);
      expect(await guest.call("fd_tell", 1, 64)).toBe(Errno.spipe);
      expect(await guest.call("fd_pwrite", 1, 64, 0, 0n, 64)).toBe(Errno.spipe);
      expect((await guest.read(1, 1)).errno).toBe(Errno.badf);
      expect((await guest.write(0, "x")).errno).toBe(Errno.badf);
      expect(await guest.call("fd_filestat_set_size", 1, 0n)).toBe(Errno.badf);
      expect(await guest.call("fd_filestat_set_times", 1, 0n, 0n, 0)).toBe(Errno.badf);
      expect(await guest.call("fd_filestat_get", 1, 64)).toBe(0);
      expect(guest.bytes(64, 64)).toEqual(Buffer.alloc(64));
    });
  });

  test("are character devices when they are a terminal", async () => {
    await drive({ terminal: true }, async (guest) => {
      for (const fd of [0, 1, 2]) expect((await fdstat(guest, fd)).type).toBe(2);
    });
  });
});

for (const { kind, create } of fileSystems) {
  describe(`fd_readdir() on ${kind} directories`, () => {
    const runIn = async (program: (guest: GuestDriver) => Promise<void>) => {
      using files = create();
      expect(await drive({ preopens: [{ guestPath: "/", fs: files.fs }] }, program)).toMatchObject({ code: 0 });
    };

    async function list(guest: GuestDriver, cookie: bigint, length: number) {
      const [buffer, used] = [guest.alloc(length), guest.alloc(4)];
      expect(await guest.call("fd_readdir", 3, buffer, length, cookie, used)).toBe(0);
      const size = guest.u32(used);
      const entries: { name: string; next: bigint; inode: bigint; type: number }[] = [];
      for (let at = buffer; at + 24 <= buffer + size; ) {
        const nameLength = guest.u32(at + 16);
        if (at + 24 + nameLength > buffer + size) break;
        const name = guest.bytes(at + 24, nameLength).toString();
        entries.push({ name, next: guest.u64(at), inode: guest.u64(at + 8), type: guest.view.getUint8(at + 20) });
        at += 24 + nameLength;
      }
      return { entries, size };
    }

    test("lists . and .. first, with types and inode numbers", async () => {
      await runIn(async (guest) => {
        await guest.open("file", { oflags: OpenFlag.create });
        await guest.path("path_create_directory", "dir");
        await guest.call("path_symlink", ...guest.text("file"), 3, ...guest.text("link"));
        const { entries, size } = await list(guest, 0n, 4096);
        expect(size).toBeLessThan(4096);
        expect(entries.slice(0, 2).map(({ name, type }) => [name, type])).toEqual([
          [".", 3],
          ["..", 3],
        ]);
        const rest = entries.slice(2).sort((a, b) => (a.name < b.name ? -1 : 1));
        expect(rest.map(({ name, type }) => [name, type])).toEqual([
          ["dir", 3],
          ["file", 4],
          ["link", 7],
        ]);
        for (const { name, inode } of [...rest, entries[0]!]) {
          expect(await guest.call("path_filestat_get", 3, 0, ...guest.text(name), 64)).toBe(0);
          expect(inode, name).toBe(guest.u64(72));
        }
      });
    });

    test("cuts the last record off at the end of the buffer", async () => {
      await runIn(async (guest) => {
        for (const length of [0, 1, 23, 24, 25, 30, 51])
          expect((await list(guest, 0n, length)).size).toBe(Math.min(length, 51));
      });
    });

    test("goes on at any cookie it gave, back as well", async () => {
      await runIn(async (guest) => {
        for (const name of ["a", "b", "c", "d"]) await guest.open(name, { oflags: OpenFlag.create });
        const { entries } = await list(guest, 0n, 4096);
        for (const [index, { next }] of [...entries.entries()].reverse()) {
          const rest = await list(guest, next, 4096);
          expect(rest.entries.map(({ name }) => name)).toEqual(entries.slice(index + 1).map(({ name }) => name));
        }
        expect((await list(guest, 1000n, 4096)).size).toBe(0);
        expect((await list(guest, -1n, 4096)).size).toBe(0);
      });
    });

    test("walks a thousand entries through a small buffer, each once", async () => {
      await runIn(async (guest) => {
        for (let index = 0; index < 1000; index++) {
          const { fd } = await guest.open(`file.${index}`, { oflags: OpenFlag.create });
          await guest.call("fd_close", fd);
        }
        const names: string[] = [];
        let cookie = 0n;
        for (;;) {
          const { entries, size } = await list(guest, cookie, 256);
          names.push(...entries.map(({ name }) => name));
          if (size < 256) break;
          cookie = entries.at(-1)!.next;
        }
        expect(names).toHaveLength(1002);
        expect(new Set(names).size).toBe(1002);
      });
    });

    test("sees new entries when it starts over", async () => {
      await runIn(async (guest) => {
        expect((await list(guest, 0n, 4096)).entries).toHaveLength(2);
        await guest.open("new", { oflags: OpenFlag.create });
        expect((await list(guest, 0n, 4096)).entries).toHaveLength(3);
      });
    });

    test("answers for what is no directory", async () => {
      await runIn(async (guest) => {
        const { fd } = await guest.open("file", { oflags: OpenFlag.create });
        expect(await guest.call("fd_readdir", fd, 64, 8, 0n, 128)).toBe(Errno.notdir);
        expect(await guest.call("fd_readdir", 1, 64, 8, 0n, 128)).toBe(Errno.badf);
        expect(await guest.call("fd_readdir", 3, -8, 16, 0n, 128)).toBe(Errno.fault);
        expect(await guest.call("fd_readdir", 3, 64, 8, 0n, -1)).toBe(Errno.fault);
      });
    });
  });
}
