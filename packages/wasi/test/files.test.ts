import { describe, expect, test } from "vitest";
import { MemoryFileSystem } from "../src/index.ts";
import { FdFlag, FstFlag, OpenFlag } from "../src/preview1/abi.ts";
import { Errno } from "../src/preview1/errno.ts";
import { Right } from "../src/preview1/rights.ts";
import { fileSystems } from "./file-systems.ts";
import { drive, type GuestDriver } from "./guest-driver.ts";

const maxI64 = 2n ** 63n - 1n;

async function seek(guest: GuestDriver, fd: number, offset: bigint, whence: number): Promise<bigint | number> {
  const result = guest.alloc(8);
  const errno = await guest.call("fd_seek", fd, offset, whence, result);
  return errno === 0 ? guest.u64(result) : errno;
}

async function fstat(guest: GuestDriver, fd: number) {
  const pointer = guest.alloc(64);
  expect(await guest.call("fd_filestat_get", fd, pointer)).toBe(0);
  return {
    size: guest.u64(pointer + 32),
    accessed: guest.u64(pointer + 40),
    modified: guest.u64(pointer + 48),
    links: guest.u64(pointer + 24),
    type: guest.bytes(pointer + 16, 1)[0],
  };
}

for (const { kind, create: createFs } of fileSystems) {
  const run = async (program: (guest: GuestDriver, fd: number) => Promise<void>) => {
    using files = createFs();
    const status = await drive({ preopens: [{ guestPath: "/", fs: files.fs }] }, async (guest) => {
      const { errno, fd } = await guest.open("file", { oflags: OpenFlag.create });
      expect(errno).toBe(0);
      await program(guest, fd);
    });
    expect(status).toEqual({ kind: "exited", code: 0 });
  };

  describe(`${kind} files`, () => {
    test("fd_write(), fd_read(), fd_seek() and fd_tell() share an offset", async () => {
      await run(async (guest, fd) => {
        expect(await guest.write(fd, "hello world")).toEqual({ errno: 0, size: 11 });
        const told = guest.alloc(8);
        expect(await guest.call("fd_tell", fd, told)).toBe(0);
        expect(guest.u64(told)).toBe(11n);
        expect(await seek(guest, fd, -5n, 1)).toBe(6n);
        expect(await guest.read(fd, 100)).toEqual({ errno: 0, text: "world" });
        expect(await guest.read(fd, 100)).toEqual({ errno: 0, text: "" });
        expect(await seek(guest, fd, 2n, 0)).toBe(2n);
        expect(await seek(guest, fd, -1n, 2)).toBe(10n);
        expect(await seek(guest, fd, -100n, 1)).toBe(Errno.inval);
        expect(await seek(guest, fd, 0n, 3)).toBe(Errno.inval);
        expect(await seek(guest, fd, maxI64, 1)).toBe(Errno.inval);
        expect(await seek(guest, fd, 1000n, 2)).toBe(1011n);
        expect(await guest.read(fd, 10)).toEqual({ errno: 0, text: "" });
        await guest.write(fd, "!");
        expect((await fstat(guest, fd)).size).toBe(1012n);
      });
    });

    test("fd_pread() and fd_pwrite() leave the offset alone", async () => {
      await run(async (guest, fd) => {
        await guest.write(fd, "0123456789");
        const [buffer, size] = [guest.alloc(8), guest.alloc(4)];
        const list = guest.iovecs([buffer, 2], [buffer + 2, 0], [buffer + 4, 3]);
        expect(await guest.call("fd_pread", fd, list, 3, 4n, size)).toBe(0);
        expect(guest.u32(size)).toBe(5);
        expect(guest.bytes(buffer, 7).toString()).toBe("45\0\x00678");
        expect(await guest.call("fd_pread", fd, list, 3, 100n, size)).toBe(0);
        expect(guest.u32(size)).toBe(0);
        expect(await guest.call("fd_pread", fd, list, 3, maxI64, size)).toBe(0);
        expect(guest.u32(size)).toBe(0);
        expect(await guest.call("fd_pread", fd, list, 3, -1n, size)).toBe(Errno.inval);
        const text = guest.iovecs(guest.text("AB"), guest.text("C"));
        expect(await guest.call("fd_pwrite", fd, text, 2, 8n, size)).toBe(0);
        expect(guest.u32(size)).toBe(3);
        expect(await guest.call("fd_pwrite", fd, text, 2, maxI64, size)).toBe(Errno.fbig);
        expect(await guest.call("fd_pwrite", fd, text, 2, -1n, size)).toBe(Errno.inval);
        expect(await seek(guest, fd, 0n, 1)).toBe(10n);
        await seek(guest, fd, 0n, 0);
        expect((await guest.read(fd, 100)).text).toBe("01234567ABC");
      });
    });

    test("the append flag moves every write to the end, positioned ones too, as on Linux", async () => {
      await run(async (guest, fd) => {
        await guest.write(fd, "start");
        expect(await guest.call("fd_fdstat_set_flags", fd, FdFlag.append)).toBe(0);
        await seek(guest, fd, 0n, 0);
        await guest.write(fd, "-e");
        expect(await guest.call("fd_pwrite", fd, guest.iovecs(guest.text("nd")), 1, 0n, 64)).toBe(0);
        expect(await seek(guest, fd, 0n, 1)).toBe(7n);
        expect(await guest.call("fd_fdstat_set_flags", fd, 0)).toBe(0);
        await seek(guest, fd, 0n, 0);
        await guest.write(fd, "S");
        await seek(guest, fd, 0n, 0);
        expect((await guest.read(fd, 100)).text).toBe("Start-end");
        const other = await guest.open("file", { flags: FdFlag.append | FdFlag.sync });
        await guest.write(other.fd, "!");
        expect((await fstat(guest, fd)).size).toBe(10n);
        const pointer = guest.alloc(24);
        await guest.call("fd_fdstat_get", other.fd, pointer);
        expect(guest.bytes(pointer, 4)).toEqual(Buffer.from([4, 0, FdFlag.append | FdFlag.sync, 0]));
        expect(await guest.call("fd_fdstat_set_flags", other.fd, FdFlag.append)).toBe(Errno.inval);
        expect(await guest.call("fd_fdstat_set_flags", other.fd, 64)).toBe(Errno.inval);
      });
    });

    test("two descriptors of one file see each other's writes at once", async () => {
      await run(async (guest, fd) => {
        const reader = await guest.open("file", { rights: BigInt(Right.fdRead) });
        await guest.write(fd, "now");
        expect((await guest.read(reader.fd, 10)).text).toBe("now");
      });
    });

    test("fd_filestat_set_size() and fd_allocate() change the size", async () => {
      await run(async (guest, fd) => {
        await guest.write(fd, "12345");
        expect(await guest.call("fd_filestat_set_size", fd, 3n)).toBe(0);
        expect(await guest.call("fd_filestat_set_size", fd, 6n)).toBe(0);
        await seek(guest, fd, 0n, 0);
        expect((await guest.read(fd, 100)).text).toBe("123\0\0\0");
        expect(await guest.call("fd_filestat_set_size", fd, -1n)).toBe(Errno.inval);
        expect(await guest.call("fd_filestat_set_size", fd, maxI64)).toBe(Errno.fbig);
        expect(await guest.call("fd_allocate", fd, 0n, 100n)).toBe(0);
        expect(await guest.call("fd_allocate", fd, 10n, 10n)).toBe(0);
        expect((await fstat(guest, fd)).size).toBe(100n);
        expect(await guest.call("fd_allocate", fd, 90n, 20n)).toBe(0);
        expect((await fstat(guest, fd)).size).toBe(110n);
        expect(await guest.call("fd_allocate", fd, 0n, 1n << 52n)).toBe(Errno.nospc);
        expect((await fstat(guest, fd)).size).toBe(110n);
        expect(await guest.call("fd_allocate", fd, 0n, 0n)).toBe(Errno.inval);
        expect(await guest.call("fd_allocate", fd, -1n, 10n)).toBe(Errno.inval);
        expect(await guest.call("fd_allocate", fd, maxI64, maxI64)).toBe(Errno.fbig);
      });
    });

    test("times are set one by one, to the nanosecond", async () => {
      await run(async (guest, fd) => {
        const [accessed, modified] = [1_111_222_333_444_555_666n, 1_222_333_444_555_666_777n];
        const set = (a: bigint, m: bigint, flags: number) => guest.call("fd_filestat_set_times", fd, a, m, flags);
        expect(await set(accessed, modified, FstFlag.atime | FstFlag.mtime)).toBe(0);
        expect(await fstat(guest, fd)).toMatchObject({ accessed, modified });
        expect(await set(0n, modified - 100n, FstFlag.mtime)).toBe(0);
        expect(await fstat(guest, fd)).toMatchObject({ accessed, modified: modified - 100n });
        expect(await set(0n, 0n, FstFlag.atime | FstFlag.atimeNow)).toBe(Errno.inval);
        expect(await set(0n, 0n, FstFlag.mtime | FstFlag.mtimeNow)).toBe(Errno.inval);
        expect(await set(0n, 0n, 16)).toBe(Errno.inval);
        expect(await set(0n, 0n, FstFlag.atimeNow)).toBe(0);
        const later = await fstat(guest, fd);
        expect(later.accessed).toBeGreaterThan(accessed);
        expect(later.modified).toBe(modified - 100n);
        const path = guest.text("file");
        expect(await guest.call("path_filestat_set_times", 3, 0, ...path, 7n, 9n, 5)).toBe(0);
        expect(await fstat(guest, fd)).toMatchObject({ accessed: 7n, modified: 9n });
        expect(await guest.call("path_filestat_set_times", 3, 0, ...guest.text("."), 7n, 9n, 5)).toBe(0);
        expect(await fstat(guest, 3)).toMatchObject({ accessed: 7n, modified: 9n });
        await guest.call("path_symlink", ...guest.text("file"), 3, ...guest.text("link"));
        const link = guest.text("link");
        expect(await guest.call("path_filestat_set_times", 3, 0, ...link, 0n, 11n, FstFlag.mtime)).toBe(0);
        expect((await fstat(guest, fd)).modified).toBe(9n);
        expect(await guest.call("path_filestat_set_times", 3, 1, ...link, 0n, 13n, FstFlag.mtime)).toBe(0);
        expect((await fstat(guest, fd)).modified).toBe(13n);
      });
    });

    test("fd_sync(), fd_datasync() and fd_advise() answer for files and directories", async () => {
      await run(async (guest, fd) => {
        for (const name of ["fd_sync", "fd_datasync"]) {
          expect(await guest.call(name, fd)).toBe(0);
          expect(await guest.call(name, 3)).toBe(0);
          expect(await guest.call(name, 1)).toBe(Errno.inval);
        }
        for (let advice = 0; advice < 6; advice++) expect(await guest.call("fd_advise", fd, 0n, 10n, advice)).toBe(0);
        expect(await guest.call("fd_advise", fd, 0n, 10n, 6)).toBe(Errno.inval);
        expect(await guest.call("fd_advise", fd, -1n, 10n, 0)).toBe(Errno.inval);
        expect(await guest.call("fd_advise", 3, 0n, 10n, 0)).toBe(Errno.badf);
      });
    });

    test("a file lives on after its name is gone", async () => {
      await run(async (guest, fd) => {
        await guest.write(fd, "kept");
        expect(await guest.path("path_unlink_file", "file")).toBe(0);
        expect(await fstat(guest, fd)).toMatchObject({ links: 0n, size: 4n });
        await seek(guest, fd, 0n, 0);
        expect((await guest.read(fd, 10)).text).toBe("kept");
        await guest.call("fd_fdstat_set_flags", fd, FdFlag.append);
        expect(await guest.write(fd, "!")).toEqual({ errno: 0, size: 1 });
        expect((await guest.open("file")).errno).toBe(Errno.noent);
      });
    });

    test("a directory that was removed takes no new entries", async () => {
      await run(async (guest) => {
        await guest.path("path_create_directory", "dir");
        const { fd } = await guest.open("dir", { rights: BigInt(Right.pathOpen | Right.pathCreateFile) });
        await guest.path("path_remove_directory", "dir");
        const { errno } = await guest.open("x", { dir: fd, oflags: OpenFlag.create, rights: 0n });
        expect(errno).toBe(Errno.noent);
      });
    });

    test("directories answer for calls meant for files", async () => {
      await run(async (guest) => {
        expect((await guest.read(3, 4)).errno).toBe(Errno.isdir);
        expect((await guest.write(3, "x")).errno).toBe(Errno.isdir);
        expect(await seek(guest, 3, 0n, 0)).toBe(Errno.badf);
        expect(await guest.call("fd_tell", 3, 0)).toBe(Errno.badf);
        expect(await guest.call("fd_allocate", 3, 0n, 1n)).toBe(Errno.badf);
        expect(await guest.call("fd_filestat_set_size", 3, 0n)).toBe(Errno.badf);
        expect(await guest.call("fd_pread", 3, 0, 0, 0n, 0)).toBe(Errno.isdir);
      });
    });
  });
}

describe("hostile arguments of file calls", () => {
  const run = (program: (guest: GuestDriver, fd: number) => Promise<void>) =>
    drive({ preopens: [{ guestPath: "/", fs: new MemoryFileSystem({ file: "content" }) }] }, async (guest) => {
      await program(guest, (await guest.open("file")).fd);
    });

  test("lists and buffers outside the memory are EFAULT, and nothing was moved", async () => {
    await run(async (guest, fd) => {
      const size = guest.alloc(4);
      const good = guest.text("XX");
      for (const name of ["fd_read", "fd_write"]) {
        expect(await guest.call(name, fd, -8, 1, size)).toBe(Errno.fault);
        expect(await guest.call(name, fd, 131_068, 1, size)).toBe(Errno.fault);
        expect(await guest.call(name, fd, guest.iovecs([0xffff_ffff, 1]), 1, size)).toBe(Errno.fault);
        expect(await guest.call(name, fd, guest.iovecs(good, [0xffff_fff0, 0xffff_fff0]), 2, size)).toBe(Errno.fault);
        expect(await guest.call(name, fd, guest.iovecs(good), 1, -2)).toBe(Errno.fault);
      }
      expect((await guest.read(fd, 100)).text).toBe("content");
    });
  });

  test("more buffers than IOV_MAX are EINVAL before the memory is looked at", async () => {
    await run(async (guest, fd) => {
      expect(await guest.call("fd_write", fd, 0, 1025, 0)).toBe(Errno.inval);
      expect(await guest.call("fd_read", fd, 0, -1, 0)).toBe(Errno.inval);
      expect(await guest.call("fd_write", 1, 0, 0x7fff_ffff, 0)).toBe(Errno.inval);
    });
  });

  test("pointers of results are checked before the call has an effect", async () => {
    await run(async (guest) => {
      const path = guest.text("new");
      const args = [3, 0, ...path, OpenFlag.create, 0n, 0n, 0, -4] as const;
      expect(await guest.call("path_open", ...args)).toBe(Errno.fault);
      expect((await guest.open("new")).errno).toBe(Errno.noent);
      expect(await guest.call("path_open", 3, 0, -10, 20, 0, 0n, 0n, 0, 0)).toBe(Errno.fault);
      expect(await guest.call("fd_filestat_get", 3, 131_030)).toBe(Errno.fault);
      expect(await guest.call("fd_fdstat_get", 3, -1)).toBe(Errno.fault);
    });
  });

  test("memory that grew is read where it is now", async () => {
    await run(async (guest, fd) => {
      await guest.write(fd, "a");
      guest.memory.grow(1);
      const address = 131_072 + 8;
      new Uint8Array(guest.memory.buffer).set(Buffer.from("grown"), address);
      const size = guest.alloc(4);
      expect(await guest.call("fd_pwrite", fd, guest.iovecs([address, 5]), 1, 0n, size)).toBe(0);
      expect(guest.u32(size)).toBe(5);
      expect(await seek(guest, fd, 0n, 0)).toBe(0n);
      expect((await guest.read(fd, 10)).text).toBe("grownnt");
    });
  });
});
