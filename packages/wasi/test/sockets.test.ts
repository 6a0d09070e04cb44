import { describe, expect, test } from "vitest";
import { type ListeningSocket, MemoryFileSystem, type StreamSocket } from "../src/index.ts";
import { FdFlag, RiFlag } from "../src/preview1/abi.ts";
import { Errno } from "../src/preview1/errno.ts";
import { drive, type GuestDriver } from "./guest-driver.ts";

/** One end of a connection in memory: what the guest writes is in `sent`. */
class TestSocket implements StreamSocket {
  readonly kind = "stream";
  readonly sent: string[] = [];
  readonly shutdowns: object[] = [];
  closed = 0;
  readonly #chunks: Buffer[];
  #waiting: ((chunk: Buffer) => void) | undefined;

  constructor(...chunks: string[]) {
    this.#chunks = chunks.map((chunk) => Buffer.from(chunk));
  }

  push(text: string): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#chunks.push(Buffer.from(text));
    else waiting(Buffer.from(text));
  }

  read(): Buffer | Promise<Buffer> {
    return (
      this.#chunks.shift() ??
      new Promise((resolve) => {
        this.#waiting = resolve;
      })
    );
  }

  write(bytes: Uint8Array): void | Promise<void> {
    this.sent.push(Buffer.from(bytes).toString());
  }

  shutdown(directions: object): void {
    this.shutdowns.push(directions);
  }

  close(): void {
    this.closed += 1;
  }
}

class TestListener implements ListeningSocket {
  readonly kind = "listener";
  closed = 0;
  readonly #queue: StreamSocket[] = [];
  #waiting: ((socket: StreamSocket) => void) | undefined;

  connect(socket: StreamSocket): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#queue.push(socket);
    else waiting(socket);
  }

  accept(): StreamSocket | Promise<StreamSocket> {
    return (
      this.#queue.shift() ??
      new Promise((resolve) => {
        this.#waiting = resolve;
      })
    );
  }

  close(): void {
    this.closed += 1;
  }
}

async function receive(guest: GuestDriver, fd: number, length: number, flags = 0) {
  const list = guest.iovecs([1024 * 64, length]);
  const errno = await guest.call("sock_recv", fd, list, 1, flags, 64, 72);
  return errno === 0 ? guest.bytes(1024 * 64, guest.u32(64)).toString() : errno;
}

async function send(guest: GuestDriver, fd: number, text: string, flags = 0) {
  const errno = await guest.call("sock_send", fd, guest.iovecs(guest.text(text)), 1, flags, 64);
  return errno === 0 ? guest.u32(64) : -errno;
}

async function accept(guest: GuestDriver, fd: number, flags = 0) {
  const errno = await guest.call("sock_accept", fd, flags, 64);
  return errno === 0 ? guest.u32(64) : -errno;
}

describe("preopened sockets", () => {
  test("stand on the descriptors from 3 on, before directories", async () => {
    const sockets = [new TestListener(), new TestSocket("x")];
    const preopens = [{ guestPath: "/", fs: new MemoryFileSystem() }];
    await drive({ sockets, preopens }, async (guest) => {
      expect(await guest.call("fd_prestat_get", 5, 64)).toBe(0);
      expect([guest.u32(64), guest.u32(68)]).toEqual([0, 1]);
      for (const fd of [3, 4]) {
        // Libraries that look for directories go on past them: wasi-libc and Go stop at EBADF and fail at other errors.
        expect(await guest.call("fd_prestat_get", fd, 64)).toBe(0);
        expect([guest.u32(64), guest.u32(68)]).toEqual([1, 0]);
        expect(await guest.call("fd_prestat_dir_name", fd, 64, 0)).toBe(0);
        expect(await guest.call("fd_fdstat_get", fd, 64)).toBe(0);
        expect(guest.bytes(64, 1)[0]).toBe(6);
      }
    });
    expect(sockets.map(({ closed }) => closed)).toEqual([1, 1]);
  });
});

describe("sock_accept()", () => {
  test("waits for a connection and opens it on the lowest free number", async () => {
    const listener = new TestListener();
    const connection = new TestSocket("hello");
    await drive({ sockets: [listener] }, async (guest) => {
      const accepting = accept(guest, 3);
      listener.connect(connection);
      const fd = await accepting;
      expect(fd).toBe(4);
      expect(await receive(guest, fd, 10)).toBe("hello");
      expect((await guest.write(fd, "by fd_write")).errno).toBe(0);
      expect(await send(guest, fd, "by sock_send")).toBe(12);
      expect(connection.sent).toEqual(["by fd_write", "by sock_send"]);
      expect(await guest.call("fd_close", fd)).toBe(0);
      expect(connection.closed).toBe(1);
    });
    expect(listener.closed).toBe(1);
  });

  test("answers EAGAIN on a listener that does not block, and flags what it opens", async () => {
    const listener = new TestListener();
    await drive({ sockets: [listener] }, async (guest) => {
      await guest.call("fd_fdstat_set_flags", 3, FdFlag.nonblock);
      expect(await accept(guest, 3)).toBe(-Errno.again);
      listener.connect(new TestSocket());
      await Promise.resolve();
      const fd = await accept(guest, 3, FdFlag.nonblock);
      expect(fd).toBe(4);
      expect(await receive(guest, fd, 10)).toBe(Errno.again);
      expect(await accept(guest, 3, FdFlag.append)).toBe(-Errno.inval);
      expect(await accept(guest, 4)).toBe(-Errno.inval);
      expect(await accept(guest, 1)).toBe(-Errno.notsock);
    });
  });

  test("leaves the connection in the queue when the guest may open no more", async () => {
    const listener = new TestListener();
    const connection = new TestSocket();
    listener.connect(connection);
    await drive({ sockets: [listener], maxDescriptors: 4 }, async (guest) => {
      expect(await accept(guest, 3)).toBe(-Errno.mfile);
      await guest.call("fd_close", 2);
      expect(await accept(guest, 3)).toBe(2);
    });
    expect(connection.closed).toBe(1);
  });

  test("closes a connection that comes after the guest has ended", async () => {
    const listener = new TestListener();
    const late = new TestSocket();
    await drive({ sockets: [listener] }, async (guest) => {
      await guest.call("fd_fdstat_set_flags", 3, FdFlag.nonblock);
      await accept(guest, 3);
    });
    listener.connect(late);
    await new Promise((resolve) => setImmediate(resolve));
    expect(late.closed).toBe(1);
  });
});

describe("sock_recv() and sock_send()", () => {
  test("peek leaves the bytes, wait-all waits for all of them", async () => {
    const socket = new TestSocket("abc", "def");
    await drive({ sockets: [socket] }, async (guest) => {
      expect(await receive(guest, 3, 2, RiFlag.peek)).toBe("ab");
      expect(await receive(guest, 3, 10)).toBe("abc");
      const waiting = receive(guest, 3, 8, RiFlag.waitAll);
      socket.push("gh");
      await Promise.resolve();
      socket.push("ijk");
      expect(await waiting).toBe("defghijk".slice(0, 8));
      const last = receive(guest, 3, 8, RiFlag.waitAll);
      socket.push("end");
      await new Promise((resolve) => setImmediate(resolve));
      socket.push("");
      expect(await last).toBe("end");
      expect(await receive(guest, 3, 0)).toBe("");
    });
  });

  test("refuse unknown flags and descriptors that are no connections", async () => {
    await drive({ sockets: [new TestListener(), new TestSocket()] }, async (guest) => {
      expect(await receive(guest, 4, 1, 8)).toBe(Errno.inval);
      expect(await send(guest, 4, "x", 1)).toBe(-Errno.inval);
      for (const call of [receive(guest, 1, 1), receive(guest, 0, 1)]) expect(await call).toBe(Errno.notsock);
      expect(await send(guest, 1, "x")).toBe(-Errno.notsock);
      expect(await receive(guest, 3, 1)).toBe(Errno.notconn);
      expect(await guest.call("sock_recv", 4, -8, 1, 0, 64, 72)).toBe(Errno.fault);
    });
  });
});

describe("sock_send()", () => {
  test("hands over large buffers in pieces, and stops at the first that makes a guest wait which may not", async () => {
    const socket = new TestSocket();
    const size = 3 * 65_536 + 1;
    const drains: (() => void)[] = [];
    const busy = new TestSocket();
    busy.write = (bytes) => {
      busy.sent.push(Buffer.from(bytes).toString());
      return new Promise<void>((resolve) => drains.push(resolve));
    };
    await drive({ sockets: [socket, busy] }, async (guest) => {
      const text = "s".repeat(size);
      expect(await send(guest, 3, text)).toBe(size);
      expect(socket.sent.map(({ length }) => length)).toEqual([65_536, 65_536, 65_536, 1]);
      await guest.call("fd_fdstat_set_flags", 4, FdFlag.nonblock);
      expect(await send(guest, 4, text)).toBe(65_536);
      expect(await send(guest, 4, text)).toBe(-Errno.again);
      for (const drained of drains.splice(0)) drained();
      await guest.call("fd_fdstat_set_flags", 4, 0);
      const sending = send(guest, 4, text);
      for (let piece = 0; piece < 4; piece++) {
        await new Promise((resolve) => setImmediate(resolve));
        for (const drained of drains.splice(0)) drained();
      }
      expect(await sending).toBe(size);
      expect(busy.sent.join("").length).toBe(65_536 + size);
    });
  });
});

describe("sock_shutdown()", () => {
  test("passes the directions on", async () => {
    const socket = new TestSocket();
    await drive({ sockets: [socket] }, async (guest) => {
      for (const how of [1, 2, 3]) expect(await guest.call("sock_shutdown", 3, how)).toBe(0);
      for (const how of [0, 4, -1]) expect(await guest.call("sock_shutdown", 3, how)).toBe(Errno.inval);
      expect(await guest.call("sock_shutdown", 1, 1)).toBe(Errno.notsock);
    });
    expect(socket.shutdowns).toEqual([
      { read: true, write: false },
      { read: false, write: true },
      { read: true, write: true },
    ]);
  });
});

describe("poll_oneoff() on sockets", () => {
  async function poll(guest: GuestDriver, type: number, fd: number) {
    const at = guest.alloc(48);
    guest.view.setBigUint64(at, 1n, true);
    guest.view.setUint8(at + 8, type);
    guest.view.setUint32(at + 16, fd, true);
    const out = guest.alloc(32);
    expect(await guest.call("poll_oneoff", at, out, 1, 64)).toBe(0);
    return { errno: guest.view.getUint16(out + 8, true), bytes: guest.u64(out + 16), flags: guest.u32(out + 24) };
  }

  test("tells of connections, bytes and the end", async () => {
    const listener = new TestListener();
    const socket = new TestSocket();
    await drive({ sockets: [listener] }, async (guest) => {
      const waiting = poll(guest, 1, 3);
      await new Promise((resolve) => setImmediate(resolve));
      listener.connect(socket);
      expect(await waiting).toEqual({ errno: 0, bytes: 1n, flags: 0 });
      const fd = await accept(guest, 3);
      expect(await poll(guest, 2, fd)).toMatchObject({ errno: 0, bytes: 65_536n });
      const reading = poll(guest, 1, fd);
      await new Promise((resolve) => setImmediate(resolve));
      socket.push("12345");
      expect(await reading).toEqual({ errno: 0, bytes: 5n, flags: 0 });
      expect(await receive(guest, fd, 10)).toBe("12345");
      socket.push("");
      expect(await poll(guest, 1, fd)).toEqual({ errno: 0, bytes: 0n, flags: 1 });
      expect((await poll(guest, 2, 3)).errno).toBe(Errno.notcapable);
    });
  });
});
