import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { type DirectoryHandle, type FileSystem, hostFileSystem } from "../src/index.ts";
import { OpenFlag } from "../src/preview1/abi.ts";
import { Errno } from "../src/preview1/errno.ts";
import { HostSandbox } from "./file-systems.ts";
import { drive, fullDirectoryRights, fullFileRights, type GuestDriver } from "./guest-driver.ts";

const linux = process.platform === "linux";
const secret = "TOP SECRET";

/** A guest's directory `root` with something worth reaching beside it. */
function prison(): HostSandbox {
  const sandbox = new HostSandbox();
  mkdirSync(join(sandbox.base, "outside", "sub"), { recursive: true });
  writeFileSync(join(sandbox.base, "outside", "secret"), secret);
  mkdirSync(join(sandbox.root, "dir", "sub"), { recursive: true });
  writeFileSync(join(sandbox.root, "dir", "file"), "inside");
  return sandbox;
}

/** The state of everything beside the guest's directory, to be the same before and after. */
function outside(sandbox: HostSandbox): string {
  const beside = join(sandbox.base, "outside");
  const entries = [
    ...readdirSync(sandbox.base, { withFileTypes: true }),
    ...readdirSync(beside, { withFileTypes: true }),
  ]
    .filter((entry) => entry.name !== "root")
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const { mode, nlink, mtimeMs } = lstatSync(path);
      return [path, mode, nlink, mtimeMs, entry.isFile() ? readFileSync(path, "utf8") : ""].join(" ");
    });
  return entries.sort().join("\n");
}

const noErrno = (errno: number) => expect(errno).not.toBe(Errno.success);

/** Every call that takes a path, led through `path`, a way to the directory `outside`. */
async function attack(guest: GuestDriver, path: string): Promise<void> {
  for (const lookup of [0, 1]) {
    for (const oflags of [0, OpenFlag.create, OpenFlag.truncate, OpenFlag.create | OpenFlag.exclusive]) {
      noErrno((await guest.open(`${path}/secret`, { lookup, oflags })).errno);
      noErrno((await guest.open(`${path}/new`, { lookup, oflags })).errno);
    }
    const through = guest.text(`${path}/secret`);
    noErrno(await guest.call("path_filestat_get", 3, lookup, ...through, 64));
    noErrno(await guest.call("path_filestat_set_times", 3, lookup, ...through, 1n, 1n, 5));
    noErrno(await guest.call("path_link", 3, lookup, ...through, 3, ...guest.text("stolen")));
    noErrno(await guest.call("path_link", 3, lookup, ...guest.text("dir/file"), 3, ...guest.text(`${path}/planted`)));
  }
  noErrno((await guest.open(`${path}/`, { oflags: OpenFlag.directory, rights: 0n })).errno);
  noErrno((await guest.open(`${path}/sub`, { oflags: OpenFlag.directory, rights: 0n })).errno);
  noErrno(await guest.path("path_create_directory", `${path}/made`));
  noErrno(await guest.path("path_remove_directory", `${path}/sub`));
  noErrno(await guest.path("path_unlink_file", `${path}/secret`));
  noErrno(await guest.call("path_symlink", ...guest.text("x"), 3, ...guest.text(`${path}/link`)));
  noErrno(await guest.call("path_readlink", 3, ...guest.text(`${path}/link`), 64, 16, 96));
  noErrno(await guest.call("path_rename", 3, ...guest.text(`${path}/secret`), 3, ...guest.text("stolen")));
  noErrno(await guest.call("path_rename", 3, ...guest.text("dir/file"), 3, ...guest.text(`${path}/planted`)));
}

describe.runIf(linux)("a guest cannot leave its directory", () => {
  const ways: readonly (readonly [string, string, (sandbox: HostSandbox) => void])[] = [
    ["by ..", "../outside", () => undefined],
    ["by .. after going down", "dir/sub/../../../outside", () => undefined],
    ["by an absolute path", "/proc/self/root/etc", () => undefined],
    [
      "by an absolute link to a directory",
      "abs",
      (sandbox) => symlinkSync(join(sandbox.base, "outside"), join(sandbox.root, "abs")),
    ],
    ["by a relative link to a directory", "rel", (sandbox) => symlinkSync("../outside", join(sandbox.root, "rel"))],
    [
      "by a link in a deeper directory",
      "dir/sub/deep",
      (sandbox) => symlinkSync("../../../outside", join(sandbox.root, "dir/sub/deep")),
    ],
    [
      "by a chain of links",
      "first",
      (sandbox) => {
        symlinkSync("dir/second", join(sandbox.root, "first"));
        symlinkSync("../../outside", join(sandbox.root, "dir/second"));
      },
    ],
    [
      "by a link that goes down and further up",
      "winding",
      (sandbox) => symlinkSync("dir/sub/../../../outside", join(sandbox.root, "winding")),
    ],
    ["by a link to the root of the host", "slash", (sandbox) => symlinkSync("/", join(sandbox.root, "slash"))],
    ["by the kernel's magic links", "magic", (sandbox) => symlinkSync("/proc/self/cwd", join(sandbox.root, "magic"))],
  ];
  for (const [how, path, prepare] of ways) {
    test(how, async () => {
      using sandbox = prison();
      prepare(sandbox);
      const before = outside(sandbox);
      const status = await drive({ preopens: [{ guestPath: "/", hostPath: sandbox.root }] }, (guest) =>
        attack(guest, path),
      );
      expect(status).toEqual({ kind: "exited", code: 0 });
      expect(outside(sandbox)).toBe(before);
      expect(existsSync(join(sandbox.root, "stolen"))).toBe(false);
      expect(existsSync(join(sandbox.root, "dir/file"))).toBe(true);
    });
  }

  test("by a link to a file as the last part", async () => {
    using sandbox = prison();
    symlinkSync(join(sandbox.base, "outside/secret"), join(sandbox.root, "abs"));
    symlinkSync("../outside/secret", join(sandbox.root, "rel"));
    await drive({ preopens: [{ guestPath: "/", hostPath: sandbox.root }] }, async (guest) => {
      for (const name of ["abs", "rel"]) {
        expect((await guest.open(name)).errno).toBe(Errno.loop);
        expect((await guest.open(name, { lookup: 1 })).errno).toBe(Errno.perm);
        expect((await guest.open(name, { lookup: 1, oflags: OpenFlag.truncate })).errno).toBe(Errno.perm);
        expect(await guest.call("path_filestat_get", 3, 1, ...guest.text(name), 64)).toBe(Errno.perm);
        expect(await guest.call("path_filestat_set_times", 3, 1, ...guest.text(name), 1n, 1n, 5)).toBe(Errno.perm);
        expect(await guest.call("path_link", 3, 1, ...guest.text(name), 3, ...guest.text("x"))).toBe(Errno.perm);
      }
      expect(await guest.call("path_readlink", 3, ...guest.text("abs"), 64, 64, 60)).toBe(Errno.perm);
    });
    expect(readFileSync(join(sandbox.base, "outside/secret"), "utf8")).toBe(secret);
  });

  test("by a link it makes itself", async () => {
    using sandbox = prison();
    const before = outside(sandbox);
    await drive({ preopens: [{ guestPath: "/", hostPath: sandbox.root }] }, async (guest) => {
      const link = (target: string, name: string) =>
        guest.call("path_symlink", ...guest.text(target), 3, ...guest.text(name));
      expect(await link("../outside", "out")).toBe(0);
      expect(await link("../../../../../../../../..", "top")).toBe(0);
      expect(await link(join(sandbox.base, "outside"), "abs")).toBe(Errno.perm);
      await attack(guest, "out");
      await attack(guest, `top${sandbox.base}/outside`);
    });
    expect(outside(sandbox)).toBe(before);
    expect(existsSync(join(sandbox.root, "stolen"))).toBe(false);
  });

  test("by renaming a directory it has open to the outside of another one", async () => {
    using sandbox = prison();
    await drive({ preopens: [{ guestPath: "/", hostPath: sandbox.root }] }, async (guest) => {
      await guest.path("path_create_directory", "dir/inner");
      const rights = { rights: fullDirectoryRights, inheriting: fullFileRights | fullDirectoryRights };
      const { fd: dir } = await guest.open("dir", rights);
      const { fd: inner } = await guest.open("inner", { dir, ...rights });
      expect(await guest.call("path_rename", 3, ...guest.text("dir/inner"), 3, ...guest.text("moved"))).toBe(0);
      expect((await guest.open("..", { dir: inner, rights: 0n })).errno).toBe(Errno.perm);
      expect((await guest.open("../dir/file", { dir: inner })).errno).toBe(Errno.perm);
      expect((await guest.open("inner", { dir, rights: 0n })).errno).toBe(Errno.noent);
      expect((await guest.open("new", { dir: inner, oflags: OpenFlag.create })).errno).toBe(0);
    });
    expect(existsSync(join(sandbox.root, "moved/new"))).toBe(true);
  });
});

/** The file system with `before` called ahead of each step a walk takes: where an attacker would strike. */
function watched(fs: FileSystem, before: (step: string, name: string) => void): FileSystem {
  const wrap = (handle: DirectoryHandle): DirectoryHandle =>
    new Proxy(handle, {
      get(target, property) {
        const member = Reflect.get(target, property, target) as unknown;
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => {
          before(String(property), String(args[0]));
          const result = (member as (...args: unknown[]) => unknown).apply(target, args);
          const opened = result as DirectoryHandle | undefined;
          return opened?.kind === "directory" && property === "openDirectory" ? wrap(opened) : result;
        };
      },
    });
  return { openRoot: () => wrap(fs.openRoot()) };
}

describe.runIf(linux)("a guest gains nothing by changing the way while it is walked", () => {
  const replaceByLink = (sandbox: HostSandbox, path: string) => {
    renameSync(join(sandbox.root, path), join(sandbox.root, "aside"));
    symlinkSync(join(sandbox.base, "outside"), join(sandbox.root, path));
  };

  test("a directory replaced by a link before it is entered", async () => {
    using sandbox = prison();
    let struck = false;
    const fs = watched(hostFileSystem(sandbox.root), (step, name) => {
      if (struck || step !== "openDirectory" || name !== "dir") return;
      struck = true;
      replaceByLink(sandbox, "dir");
    });
    await drive({ preopens: [{ guestPath: "/", fs }] }, async (guest) => {
      expect((await guest.open("dir/secret")).errno).toBe(Errno.perm);
    });
    expect(struck).toBe(true);
  });

  test("a directory replaced by a link after it was entered", async () => {
    using sandbox = prison();
    let struck = false;
    const fs = watched(hostFileSystem(sandbox.root), (step, name) => {
      if (struck || step !== "open" || name !== "secret") return;
      struck = true;
      replaceByLink(sandbox, "dir");
    });
    await drive({ preopens: [{ guestPath: "/", fs }] }, async (guest) => {
      expect((await guest.open("dir/secret", { oflags: OpenFlag.create })).errno).toBe(0);
    });
    expect(struck).toBe(true);
    expect(readFileSync(join(sandbox.base, "outside/secret"), "utf8")).toBe(secret);
    expect(existsSync(join(sandbox.root, "aside/secret"))).toBe(true);
  });

  test("a directory moved out before .. is taken from it", async () => {
    using sandbox = prison();
    let struck = false;
    const fs = watched(hostFileSystem(sandbox.root), (step, name) => {
      if (struck || step !== "openDirectory" || name !== "sub") return;
      struck = true;
      renameSync(join(sandbox.root, "dir"), join(sandbox.base, "outside", "dir"));
    });
    await drive({ preopens: [{ guestPath: "/", fs }] }, async (guest) => {
      expect((await guest.open("dir/sub/../../secret")).errno).toBe(Errno.noent);
      expect((await guest.open("dir/sub/../../../outside/secret")).errno).not.toBe(0);
    });
    expect(struck).toBe(true);
  });

  test("a file replaced by a link before it is opened", async () => {
    using sandbox = prison();
    let struck = false;
    const fs = watched(hostFileSystem(sandbox.root), (step, name) => {
      if (struck || step !== "open" || name !== "file") return;
      struck = true;
      rmSync(join(sandbox.root, "dir/file"));
      symlinkSync("../../outside/secret", join(sandbox.root, "dir/file"));
    });
    await drive({ preopens: [{ guestPath: "/", fs }] }, async (guest) => {
      expect((await guest.open("dir/file", { lookup: 1 })).errno).toBe(Errno.perm);
    });
    expect(struck).toBe(true);
  });

  test("a link replaced by a file before it is read", async () => {
    using sandbox = prison();
    symlinkSync("file", join(sandbox.root, "dir/link"));
    let struck = false;
    const fs = watched(hostFileSystem(sandbox.root), (step, name) => {
      if (struck || step !== "readLink" || name !== "link") return;
      struck = true;
      rmSync(join(sandbox.root, "dir/link"));
      writeFileSync(join(sandbox.root, "dir/link"), "now a file");
    });
    await drive({ preopens: [{ guestPath: "/", fs }] }, async (guest) => {
      const { errno, fd } = await guest.open("dir/link", { lookup: 1 });
      expect(errno).toBe(0);
      expect((await guest.read(fd, 20)).text).toBe("now a file");
    });
    expect(struck).toBe(true);
  });

  test("a thread that swaps a directory and a link as fast as it can", async () => {
    using sandbox = prison();
    const inside = join(sandbox.root, "swap");
    mkdirSync(join(sandbox.root, "real"));
    writeFileSync(join(sandbox.root, "real/secret"), "harmless");
    symlinkSync(join(sandbox.base, "outside"), join(sandbox.root, "fake"));
    const state = new SharedArrayBuffer(8);
    const attacker = new Worker(
      `const { renameSync } = require("node:fs");
       const { workerData: { state, root } } = require("node:worker_threads");
       const flags = new Int32Array(state);
       while (Atomics.load(flags, 0) === 0) {
         for (const name of ["real", "fake"]) {
           renameSync(root + "/" + name, root + "/swap");
           renameSync(root + "/swap", root + "/" + name);
         }
         Atomics.add(flags, 1, 1);
         Atomics.notify(flags, 1);
       }`,
      { eval: true, workerData: { state, root: sandbox.root } },
    );
    const flags = new Int32Array(state);
    const seen = new Map<number | string, number>();
    try {
      await Atomics.waitAsync(flags, 1, 0).value;
      await drive({ preopens: [{ guestPath: "/", hostPath: sandbox.root }] }, async (guest) => {
        const path = guest.text("swap/secret");
        const created = guest.text("swap/sub/planted");
        for (let round = 0; round < 4000; round++) {
          const errno = await guest.call("path_open", 3, 1, ...path, 0, fullFileRights, 0n, 0, 64);
          const fd = guest.u32(64);
          const result = errno === 0 ? (await guest.read(fd, 20)).text : errno;
          if (errno === 0) await guest.call("fd_close", fd);
          seen.set(result, (seen.get(result) ?? 0) + 1);
          await guest.call("path_create_directory", 3, ...created);
        }
      });
    } finally {
      Atomics.store(flags, 0, 1);
      await new Promise((resolve) => attacker.once("exit", resolve));
    }
    expect([...seen.keys()]).not.toContain(secret);
    expect(seen.get("harmless") ?? 0).toBeGreaterThan(0);
    expect(seen.get(Errno.perm) ?? 0).toBeGreaterThan(0);
    expect(existsSync(join(sandbox.base, "outside/sub/planted"))).toBe(false);
    expect(existsSync(inside)).toBe(false);
  });
});

describe.runIf(linux)("host directories", () => {
  test("devices, pipes and sockets are refused without waiting for anybody", async () => {
    using sandbox = prison();
    const { spawnSync } = await import("node:child_process");
    expect(spawnSync("mkfifo", [join(sandbox.root, "pipe")]).status).toBe(0);
    await drive({ preopens: [{ guestPath: "/", hostPath: sandbox.root }] }, async (guest) => {
      for (const rights of [2n, 64n]) {
        const { errno } = await guest.open("pipe", { rights });
        expect([Errno.acces, Errno.nxio]).toContain(errno);
      }
    });
    await drive({ preopens: [{ guestPath: "/dev", hostPath: "/dev" }] }, async (guest) => {
      expect((await guest.open("null", { rights: 2n })).errno).toBe(Errno.acces);
    });
  });

  test("no descriptor of the host stays open after the guest", async () => {
    using sandbox = prison();
    const openNow = () => readdirSync("/proc/self/fd").length;
    const before = openNow();
    await drive({ preopens: [{ guestPath: "/", hostPath: sandbox.root }] }, async (guest) => {
      for (let index = 0; index < 20; index++) {
        await guest.open("dir/file");
        await guest.open("dir", { rights: 0n });
        await guest.open("dir/missing/x");
        await guest.open("dir/sub/../file/x");
        await guest.call("fd_readdir", 3, 64, 30, 0n, 128);
      }
      const { fd } = await guest.open("dir/file", { flags: 1 });
      await guest.write(fd, "appended");
      expect(openNow()).toBeGreaterThan(before + 40);
    });
    expect(openNow()).toBe(before);
  });
});

test("a read-only directory can be read and answers EROFS to every change", async () => {
  if (!linux) return;
  using sandbox = prison();
  const listing = () => readdirSync(sandbox.root, { recursive: true }).sort().join();
  const before = listing();
  await drive({ preopens: [{ guestPath: "/", hostPath: sandbox.root, readOnly: true }] }, async (guest) => {
    const { errno, fd } = await guest.open("dir/file", { rights: 2n });
    expect(errno).toBe(0);
    expect((await guest.read(fd, 20)).text).toBe("inside");
    const { rofs, exist, noent } = Errno;
    expect((await guest.open("dir/file")).errno).toBe(rofs);
    expect((await guest.open("dir/file", { oflags: OpenFlag.truncate, rights: 2n })).errno).toBe(rofs);
    expect((await guest.open("dir/new", { oflags: OpenFlag.create, rights: 2n })).errno).toBe(rofs);
    expect((await guest.open("dir/file", { oflags: OpenFlag.create, rights: 2n })).errno).toBe(0);
    expect((await guest.open("dir/file", { oflags: 5, rights: 2n })).errno).toBe(exist);
    expect(await guest.path("path_create_directory", "made")).toBe(rofs);
    expect(await guest.path("path_create_directory", "dir")).toBe(exist);
    expect(await guest.path("path_remove_directory", "dir/sub")).toBe(rofs);
    expect(await guest.path("path_unlink_file", "dir/file")).toBe(rofs);
    expect(await guest.path("path_unlink_file", "missing")).toBe(noent);
    expect(await guest.call("path_symlink", ...guest.text("x"), 3, ...guest.text("link"))).toBe(rofs);
    expect(await guest.call("path_rename", 3, ...guest.text("dir"), 3, ...guest.text("moved"))).toBe(rofs);
    expect(await guest.call("path_link", 3, 0, ...guest.text("dir/file"), 3, ...guest.text("link"))).toBe(rofs);
    expect(await guest.call("path_filestat_set_times", 3, 0, ...guest.text("dir"), 0n, 0n, 1)).toBe(rofs);
    expect(await guest.call("fd_filestat_set_times", fd, 0n, 0n, 1)).not.toBe(0);
    expect(await guest.call("fd_filestat_set_times", 3, 0n, 0n, 1)).toBe(rofs);
  });
  expect(listing()).toBe(before);
});
