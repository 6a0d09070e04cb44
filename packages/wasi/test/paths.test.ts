import { describe, expect, test } from "vitest";
import { OpenFlag } from "../src/preview1/abi.ts";
import { Errno } from "../src/preview1/errno.ts";
import { fileSystems } from "./file-systems.ts";
import { drive, fullDirectoryRights, fullFileRights, type GuestDriver } from "./guest-driver.ts";

const { create, directory, exclusive, truncate } = OpenFlag;

for (const { kind, create: createFs } of fileSystems) {
  const run = async (program: (guest: GuestDriver) => Promise<void>) => {
    using files = createFs();
    const status = await drive({ preopens: [{ guestPath: "/", fs: files.fs }] }, program);
    expect(status).toEqual({ kind: "exited", code: 0 });
  };
  const file = async (guest: GuestDriver, path: string, text = "") => {
    const { errno, fd } = await guest.open(path, { oflags: create });
    expect(errno).toBe(Errno.success);
    if (text !== "") expect((await guest.write(fd, text)).errno).toBe(Errno.success);
    expect(await guest.call("fd_close", fd)).toBe(Errno.success);
  };
  const link = (guest: GuestDriver, target: string, path: string) =>
    guest.call("path_symlink", ...guest.text(target), 3, ...guest.text(path));
  const openErrno = async (guest: GuestDriver, path: string, options: Parameters<GuestDriver["open"]>[1] = {}) => {
    const { errno, fd } = await guest.open(path, options);
    if (errno === 0) await guest.call("fd_close", fd);
    return errno;
  };
  const stat = async (guest: GuestDriver, path: string, lookup = 0) => {
    const pointer = guest.alloc(64);
    const errno = await guest.call("path_filestat_get", 3, lookup, ...guest.text(path), pointer);
    const type = guest.bytes(pointer + 16, 1)[0];
    return { errno, type, size: guest.u64(pointer + 32), ino: guest.u64(pointer + 8), links: guest.u64(pointer + 24) };
  };
  const rename = (guest: GuestDriver, from: string, to: string) =>
    guest.call("path_rename", 3, ...guest.text(from), 3, ...guest.text(to));
  const hardLink = (guest: GuestDriver, from: string, to: string, lookup = 0) =>
    guest.call("path_link", 3, lookup, ...guest.text(from), 3, ...guest.text(to));

  describe(`path_open() on ${kind} files`, () => {
    test("opens winding paths that stay beneath the directory", async () => {
      await run(async (guest) => {
        expect(await guest.path("path_create_directory", "dir")).toBe(0);
        expect(await guest.path("path_create_directory", "dir/sub/")).toBe(0);
        await file(guest, "dir/file", "x");
        const paths = ["dir/file", "dir/.//sub/../../dir/sub/.././file", "./dir/file", "dir/sub/../file"];
        for (const path of paths) expect(await openErrno(guest, path), path).toBe(Errno.success);
        for (const path of [".", "./", "dir", "dir/", "dir///", "dir/.", "dir/sub/.."]) {
          expect(await openErrno(guest, path, { rights: 0n }), path).toBe(Errno.success);
        }
      });
    });

    test("refuses paths that leave the directory, absolute, empty, too long and malformed ones", async () => {
      await run(async (guest) => {
        await guest.path("path_create_directory", "dir");
        const refusals: [string | Uint8Array, number][] = [
          ["..", Errno.perm],
          ["../x", Errno.perm],
          ["dir/../..", Errno.perm],
          ["dir/../../dir", Errno.perm],
          ["/", Errno.perm],
          ["/dir", Errno.perm],
          ["", Errno.noent],
          ["missing/../dir", Errno.noent],
          ["a\0b", Errno.inval],
          ["\0", Errno.inval],
          [Uint8Array.of(0x61, 0xff), Errno.ilseq],
          [Uint8Array.of(0xed, 0xa0, 0x80), Errno.ilseq],
          ["x".repeat(256), Errno.nametoolong],
          ["x/".repeat(2049), Errno.nametoolong],
        ];
        for (const [path, errno] of refusals) {
          const result = guest.alloc(4);
          const args = [3, 0, ...guest.text(path), create, fullFileRights, 0n, 0, result];
          const label = String(path).slice(0, 20);
          if (path === "/" || path === "..") args[4] = 0;
          expect(await guest.call("path_open", ...args), label).toBe(errno);
        }
      });
    });

    test("demands a directory where the path says so, and only there", async () => {
      await run(async (guest) => {
        await guest.path("path_create_directory", "dir");
        await file(guest, "file");
        expect(await openErrno(guest, "file/")).toBe(Errno.notdir);
        expect(await openErrno(guest, "file//")).toBe(Errno.notdir);
        expect(await openErrno(guest, "file/.")).toBe(Errno.notdir);
        expect(await openErrno(guest, "file/x", { oflags: create })).toBe(Errno.notdir);
        expect(await openErrno(guest, "file", { oflags: directory, rights: 0n })).toBe(Errno.notdir);
        expect(await openErrno(guest, "dir", { oflags: directory, rights: 0n })).toBe(Errno.success);
        expect(await openErrno(guest, "dir")).toBe(Errno.isdir);
        expect(await openErrno(guest, "dir", { oflags: directory })).toBe(Errno.isdir);
        expect(await openErrno(guest, ".")).toBe(Errno.isdir);
        expect(await openErrno(guest, "dir", { rights: 2n })).toBe(Errno.success);
        expect(await openErrno(guest, "new/", { oflags: create })).toBe(Errno.isdir);
        expect(await openErrno(guest, "dir", { oflags: create, rights: 0n })).toBe(Errno.isdir);
        expect(await openErrno(guest, "new", { oflags: create | directory, rights: 0n })).toBe(Errno.inval);
        expect(await openErrno(guest, "missing")).toBe(Errno.noent);
        expect(await openErrno(guest, "missing/x", { oflags: create })).toBe(Errno.noent);
      });
    });

    test("creates, refuses to create twice, truncates", async () => {
      await run(async (guest) => {
        await file(guest, "file", "content");
        expect(await openErrno(guest, "file", { oflags: create | exclusive })).toBe(Errno.exist);
        expect(await openErrno(guest, ".", { oflags: create | exclusive, rights: 0n })).toBe(Errno.exist);
        expect(await openErrno(guest, "file", { oflags: create })).toBe(Errno.success);
        expect((await stat(guest, "file")).size).toBe(7n);
        expect(await openErrno(guest, "file", { oflags: truncate, rights: 0n })).toBe(Errno.success);
        expect((await stat(guest, "file")).size).toBe(0n);
        expect(await openErrno(guest, "file", { oflags: 16 })).toBe(Errno.inval);
        expect(await openErrno(guest, "file", { flags: 32 })).toBe(Errno.inval);
      });
    });

    test("follows links only where asked, in the middle always, and never out", async () => {
      await run(async (guest) => {
        await guest.path("path_create_directory", "dir");
        await file(guest, "dir/file", "x");
        for (const [target, name] of [
          ["dir/file", "to-file"],
          ["dir", "to-dir"],
          ["nowhere", "dangling"],
          ["loop-b", "loop-a"],
          ["loop-a", "loop-b"],
          ["self/x", "self"],
          ["..", "up"],
          ["dir/../../out", "out"],
          ["../dir/file", "dir/back"],
          ["to-dir/back", "chain"],
          ["dir/file/", "slashed"],
        ] as const) {
          expect(await link(guest, target, name)).toBe(0);
        }
        const follow = { lookup: 1 };
        expect(await openErrno(guest, "to-file")).toBe(Errno.loop);
        expect(await openErrno(guest, "to-file", follow)).toBe(Errno.success);
        expect(await openErrno(guest, "to-dir", { oflags: directory, rights: 0n })).toBe(Errno.loop);
        expect(await openErrno(guest, "to-dir", { ...follow, oflags: directory, rights: 0n })).toBe(Errno.success);
        expect(await openErrno(guest, "to-file", { ...follow, oflags: directory, rights: 0n })).toBe(Errno.notdir);
        expect(await openErrno(guest, "to-dir/", { rights: 0n })).toBe(Errno.success);
        expect(await openErrno(guest, "to-dir/file")).toBe(Errno.success);
        expect(await openErrno(guest, "chain", follow)).toBe(Errno.success);
        expect(await openErrno(guest, "slashed", follow)).toBe(Errno.notdir);
        expect(await openErrno(guest, "dangling", follow)).toBe(Errno.noent);
        expect(await openErrno(guest, "dangling", { oflags: create | exclusive })).toBe(Errno.exist);
        for (const name of ["loop-a", "self"]) {
          expect(await openErrno(guest, name)).toBe(Errno.loop);
          expect(await openErrno(guest, name, follow)).toBe(Errno.loop);
          expect(await openErrno(guest, `${name}/x`)).toBe(Errno.loop);
        }
        expect(await openErrno(guest, "up", { ...follow, rights: 0n })).toBe(Errno.perm);
        expect(await openErrno(guest, "up/x")).toBe(Errno.perm);
        expect(await openErrno(guest, "out", { ...follow, oflags: create })).toBe(Errno.perm);
        expect(await openErrno(guest, "dangling", { ...follow, oflags: create })).toBe(Errno.success);
        expect((await stat(guest, "nowhere")).type).toBe(4);
      });
    });

    test("follows forty links and no more", async () => {
      await run(async (guest) => {
        await file(guest, "link-0");
        for (let index = 1; index <= 41; index++) await link(guest, `link-${index - 1}`, `link-${index}`);
        expect(await openErrno(guest, "link-40", { lookup: 1 })).toBe(Errno.success);
        expect(await openErrno(guest, "link-41", { lookup: 1 })).toBe(Errno.loop);
      });
    });

    test("confines each directory descriptor to its own directory", async () => {
      await run(async (guest) => {
        await guest.path("path_create_directory", "dir");
        await file(guest, "outside");
        const { fd } = await guest.open("dir", { rights: fullDirectoryRights, inheriting: fullFileRights });
        expect(await openErrno(guest, "../outside", { dir: fd })).toBe(Errno.perm);
        await link(guest, "../outside", "dir/link");
        expect(await openErrno(guest, "link", { dir: fd, lookup: 1 })).toBe(Errno.perm);
        expect(await openErrno(guest, "dir/link", { lookup: 1 })).toBe(Errno.success);
      });
    });

    test("answers for descriptors that are no directories", async () => {
      await run(async (guest) => {
        const { fd } = await guest.open("file", { oflags: create });
        expect(await openErrno(guest, "x", { dir: fd })).toBe(Errno.notdir);
        expect(await openErrno(guest, "x", { dir: 1 })).toBe(Errno.badf);
        expect(await openErrno(guest, "x", { dir: 99 })).toBe(Errno.badf);
        expect(await openErrno(guest, "x", { dir: -1 })).toBe(Errno.badf);
      });
    });
  });

  describe(`entries of ${kind} directories`, () => {
    test("path_create_directory() and path_remove_directory() know their errors", async () => {
      await run(async (guest) => {
        const make = (path: string) => guest.path("path_create_directory", path);
        const remove = (path: string) => guest.path("path_remove_directory", path);
        await file(guest, "file");
        expect(await make("dir")).toBe(0);
        for (const path of ["dir", "dir/", ".", "dir/..", "file"]) expect(await make(path), path).toBe(Errno.exist);
        expect(await make("missing/x")).toBe(Errno.noent);
        expect(await make("file/x")).toBe(Errno.notdir);
        expect(await make("../x")).toBe(Errno.perm);
        await file(guest, "dir/file");
        expect(await remove("dir")).toBe(Errno.notempty);
        expect(await remove("file")).toBe(Errno.notdir);
        expect(await remove("file/")).toBe(Errno.notdir);
        expect(await remove("missing")).toBe(Errno.noent);
        for (const path of [".", "dir/.", "dir/.."]) expect(await remove(path), path).toBe(Errno.inval);
        expect(await guest.path("path_unlink_file", "dir/file")).toBe(0);
        expect(await remove("dir/")).toBe(0);
      });
    });

    test("path_unlink_file() keeps to files, whatever slashes say", async () => {
      await run(async (guest) => {
        const unlink = (path: string) => guest.path("path_unlink_file", path);
        await file(guest, "file");
        await guest.path("path_create_directory", "dir");
        await link(guest, "dir", "to-dir");
        for (const path of ["dir", "dir/", ".", "dir/."]) expect(await unlink(path), path).toBe(Errno.isdir);
        expect(await unlink("file/")).toBe(Errno.notdir);
        expect(await unlink("to-dir/")).toBe(Errno.notdir);
        expect(await unlink("missing")).toBe(Errno.noent);
        expect(await unlink("missing/")).toBe(Errno.noent);
        expect(await unlink("to-dir")).toBe(0);
        expect(await unlink("file")).toBe(0);
      });
    });

    test("path_symlink() and path_readlink()", async () => {
      await run(async (guest) => {
        await file(guest, "file");
        await guest.path("path_create_directory", "dir");
        expect(await link(guest, "file", "link")).toBe(0);
        expect(await link(guest, "file", "link")).toBe(Errno.exist);
        expect(await link(guest, "file", "dir")).toBe(Errno.exist);
        expect(await link(guest, "file", "dir/")).toBe(Errno.exist);
        expect(await link(guest, "file", "file/")).toBe(Errno.notdir);
        expect(await link(guest, "file", "new/")).toBe(Errno.noent);
        expect(await link(guest, "", "new")).toBe(Errno.noent);
        expect(await link(guest, "/etc/passwd", "new")).toBe(Errno.perm);
        expect(await link(guest, "x", "../new")).toBe(Errno.perm);
        const read = async (path: string, length: number) => {
          const [buffer, used] = [guest.alloc(16), guest.alloc(4)];
          const errno = await guest.call("path_readlink", 3, ...guest.text(path), buffer, length, used);
          return errno === 0 ? guest.bytes(buffer, guest.u32(used)).toString() : errno;
        };
        expect(await read("link", 16)).toBe("file");
        expect(await read("link", 2)).toBe("fi");
        expect(await read("link", 0)).toBe("");
        expect(await read("file", 16)).toBe(Errno.inval);
        expect(await read("dir/", 16)).toBe(Errno.inval);
        expect(await read(".", 16)).toBe(Errno.inval);
        expect(await read("missing", 16)).toBe(Errno.noent);
      });
    });

    test("path_rename() replaces what may be replaced", async () => {
      await run(async (guest) => {
        await file(guest, "a", "a");
        await file(guest, "b", "bb");
        for (const name of ["d", "e", "full"]) await guest.path("path_create_directory", name);
        await file(guest, "full/x");
        expect(await rename(guest, "missing", "x")).toBe(Errno.noent);
        expect(await rename(guest, "a", "d")).toBe(Errno.isdir);
        expect(await rename(guest, "d", "a")).toBe(Errno.notdir);
        expect(await rename(guest, "d", "full")).toBe(Errno.notempty);
        expect(await rename(guest, "full", "full/y")).toBe(Errno.inval);
        expect(await rename(guest, "full", "full/x/y")).toBe(Errno.notdir);
        expect(await rename(guest, "a/", "x")).toBe(Errno.notdir);
        expect(await rename(guest, "a", "x/")).toBe(Errno.notdir);
        expect(await rename(guest, ".", "x")).toBe(Errno.busy);
        expect(await rename(guest, "d", ".")).toBe(Errno.busy);
        expect(await rename(guest, "a", "../a")).toBe(Errno.perm);
        expect(await rename(guest, "a", "a")).toBe(0);
        expect(await rename(guest, "full", "d")).toBe(0);
        expect(await rename(guest, "d/", "moved/")).toBe(0);
        expect((await stat(guest, "moved/x")).errno).toBe(0);
        expect(await rename(guest, "b", "a")).toBe(0);
        expect((await stat(guest, "a")).size).toBe(2n);
        expect((await stat(guest, "b")).errno).toBe(Errno.noent);
      });
    });

    test("path_link() gives a file a second name", async () => {
      await run(async (guest) => {
        await file(guest, "file", "x");
        await guest.path("path_create_directory", "dir");
        expect(await hardLink(guest, "file", "dir/name")).toBe(0);
        expect((await stat(guest, "file")).links).toBe(2n);
        expect((await stat(guest, "dir/name")).ino).toBe((await stat(guest, "file")).ino);
        expect(await hardLink(guest, "file", "file")).toBe(Errno.exist);
        expect(await hardLink(guest, "file", "dir")).toBe(Errno.exist);
        expect(await hardLink(guest, "dir", "x")).toBe(Errno.perm);
        expect(await hardLink(guest, "missing", "x")).toBe(Errno.noent);
        expect(await hardLink(guest, "file", "x/")).toBe(Errno.noent);
        expect(await hardLink(guest, "file/", "x")).toBe(Errno.notdir);
        await link(guest, "missing", "dangling");
        await link(guest, "file", "to-file");
        expect(await hardLink(guest, "dangling", "x")).toBe(0);
        expect((await stat(guest, "x")).type).toBe(7);
        expect(await hardLink(guest, "dangling", "y", 1)).toBe(Errno.noent);
        expect(await hardLink(guest, "to-file", "y", 1)).toBe(0);
        expect((await stat(guest, "file")).links).toBe(3n);
      });
    });

    test("path_filestat_get() tells a link from what it points to", async () => {
      await run(async (guest) => {
        await file(guest, "file", "12345");
        await link(guest, "file", "link");
        expect(await stat(guest, "file")).toMatchObject({ errno: 0, type: 4, size: 5n, links: 1n });
        expect((await stat(guest, "link")).type).toBe(7);
        expect((await stat(guest, "link", 1)).ino).toBe((await stat(guest, "file")).ino);
        expect((await stat(guest, ".")).type).toBe(3);
        expect((await stat(guest, "file/")).errno).toBe(Errno.notdir);
        expect((await stat(guest, "missing")).errno).toBe(Errno.noent);
        expect((await stat(guest, "..")).errno).toBe(Errno.perm);
      });
    });
  });
}
