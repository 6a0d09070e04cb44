import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { GuestSocket } from "../src/guest-socket.ts";
import { socketEnvironment } from "../src/host/sockets/announce-sockets.ts";
import type { Connection } from "../src/host/sockets/connection.ts";
import { GuestSockets, type GuestSocketsOptions } from "../src/host/sockets/guest-sockets.ts";
import { type Listener, maxWaiting } from "../src/host/sockets/listener.ts";

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

const http = (...addresses: string[]): GuestSocket => ({
  name: "http",
  listen: (addresses.length > 0 ? addresses : ["127.0.0.1"]).map((address) => ({ address, port: 0 })),
});

async function open(
  spec: GuestSocket = http(),
  options: GuestSocketsOptions = {},
): Promise<{ sockets: GuestSockets; listener: Listener }> {
  const sockets = await GuestSockets.open([spec], options);
  const [listener] = sockets.listeners;
  if (listener === undefined) throw new Error("No listener");
  cleanups.push(() => listener.close());
  return { sockets, listener };
}

async function dial(listener: Listener, index = 0, allowHalfOpen = true): Promise<Socket> {
  const { address = "", port = 0 } = listener.addresses[index] ?? {};
  const peer = connect({ host: address, port, allowHalfOpen });
  peer.on("error", () => undefined);
  cleanups.push(() => peer.destroy());
  await once(peer, "connect");
  return peer;
}

async function pair(
  options?: GuestSocketsOptions,
): Promise<{ guest: Connection; peer: Socket; sockets: GuestSockets }> {
  const { sockets, listener } = await open(undefined, options);
  const peer = await dial(listener);
  const guest = await listener.accept();
  cleanups.push(() => guest.close());
  return { guest, peer, sockets };
}

async function readAll(guest: Connection): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const chunk = await guest.read(65_536);
    if (chunk.length === 0) return Buffer.concat(chunks);
    chunks.push(chunk);
  }
}

async function received(peer: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of peer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

describe("Listener", () => {
  test("gives connections of all its addresses in their order, waiting for the next", async () => {
    const { listener } = await open(http("127.0.0.1", "127.0.0.2"));
    const accepting = listener.accept();
    expect(accepting).toBeInstanceOf(Promise);
    for (const [index, name] of ["first", "second"].entries()) {
      const connected = index === 0 ? accepting : listener.accept();
      const peer = await dial(listener, index);
      peer.end(name);
      expect(text(await readAll(await connected))).toBe(name);
    }
  });

  test("resets the connections beyond those that may wait, and keeps the others for the guest", async () => {
    const { listener } = await open();
    const peers = await Promise.all(Array.from({ length: maxWaiting + 2 }, () => dial(listener)));
    const resets = () => peers.filter((peer) => peer.destroyed);
    await new Promise<void>((resolve) => {
      const look = () => {
        if (resets().length === 2) resolve();
      };
      for (const peer of peers) peer.once("close", look);
      look();
    });
    const reset = resets();
    for (const peer of peers) if (!reset.includes(peer)) peer.end("here");
    for (let count = 0; count < maxWaiting; count++) expect(text(await readAll(await listener.accept()))).toBe("here");
    expect(listener.accept()).toBeInstanceOf(Promise);
  });

  test("resets what waits when it is closed, and refuses what comes later", async () => {
    const { sockets, listener } = await open();
    const { address, port } = listener.addresses[0]!;
    const peer = await dial(listener);
    const ended = new Promise((resolve) => peer.once("close", resolve));
    listener.close();
    await ended;
    await sockets.flushed();
    expect(sockets.connections).toBe(0);
    const late = connect({ host: address, port });
    await expect(once(late, "connect")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("GuestSockets.open() names port and address that cannot be had, and leaves no other open", async () => {
    const { listener } = await open();
    const taken = listener.addresses[0]!;
    const free: GuestSocket = { name: "free", listen: [{ address: "127.0.0.3", port: taken.port }] };
    const clash: GuestSocket = { name: "clash", listen: [taken] };
    await expect(GuestSockets.open([free, clash])).rejects.toMatchObject({
      code: "EADDRINUSE",
      message: `Cannot listen on 127.0.0.1:${taken.port} for port "clash": something else listens there already (EADDRINUSE)`,
    });
    await (await open(free)).sockets.flushed();
    const nowhere: GuestSocket = { name: "nowhere", listen: [{ address: "192.0.2.1", port: 0 }] };
    await expect(GuestSockets.open([nowhere])).rejects.toThrow(/192\.0\.2\.1:0 .* no such address/);
  });
});

describe("Connection", () => {
  test("passes bytes both ways, at most as many as asked for", async () => {
    const { guest, peer } = await pair();
    const reading = guest.read(3);
    expect(reading).toBeInstanceOf(Promise);
    peer.write("hello");
    expect(text(await reading)).toBe("hel");
    expect(guest.readable()).toBe(2);
    expect(text(await guest.read(10))).toBe("lo");
    const bytes = Buffer.from("answer");
    void guest.write(bytes);
    bytes.fill(0);
    expect(text((await once(peer, "data"))[0] as Buffer)).toBe("answer");
  });

  test("takes no more from the peer than a buffer while the guest does not read", async () => {
    const { guest, peer } = await pair();
    const sent = Buffer.alloc(32 * 1024 * 1024, "x");
    peer.end(sent);
    expect((await guest.read(1)).length).toBe(1);
    expect(await guest.readable()).toBeLessThan(1024 * 1024);
    // More than the kernel's buffers can hold is still where it came from.
    expect(peer.writableLength).toBeGreaterThan(0);
    expect((await readAll(guest)).length).toBe(sent.length - 1);
  });

  test("makes the guest wait while the peer takes nothing", async () => {
    const { guest, peer } = await pair();
    // More than the buffers of both kernels can hold.
    const sent = Buffer.alloc(64 * 1024 * 1024, "y");
    let held = true;
    const writing = Promise.resolve(guest.write(sent)).then(() => {
      held = false;
    });
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(held).toBe(true);
    const receiving = received(peer);
    await writing;
    guest.shutdown({ read: false, write: true });
    expect((await receiving).length).toBe(sent.length);
  });

  test("ends each direction apart from the other", async () => {
    const { guest, peer } = await pair();
    peer.end("question");
    expect(text(await readAll(guest))).toBe("question");
    expect(await guest.readable()).toBe(0);
    void guest.write(Buffer.from("answer"));
    guest.shutdown({ read: false, write: true });
    expect(text(await received(peer))).toBe("answer");
    expect(() => guest.write(Buffer.from("more"))).toThrow(expect.objectContaining({ code: "EPIPE" }));
  });

  test("shutdown() of reading ends a read that waits", async () => {
    const { guest, peer } = await pair();
    const reading = guest.read(10);
    guest.shutdown({ read: true, write: false });
    expect((await reading).length).toBe(0);
    void guest.write(Buffer.from("still"));
    expect(text((await once(peer, "data"))[0] as Buffer)).toBe("still");
  });

  test("tells a reset once, and then that the connection has ended", async () => {
    const { guest, peer } = await pair();
    const polling = guest.readable();
    peer.resetAndDestroy();
    expect(await polling).toBe(0);
    await expect((async () => guest.read(1))()).rejects.toMatchObject({ code: "ECONNRESET" });
    expect((await guest.read(1)).length).toBe(0);
    expect(() => guest.write(Buffer.from("x"))).toThrow(expect.objectContaining({ code: "EPIPE" }));
    const ended = () => guest.shutdown({ read: true, write: true });
    expect(ended).toThrow(expect.objectContaining({ code: "ENOTCONN" }));
  });

  test("close() lets out what was written before", async () => {
    const { guest, peer, sockets } = await pair();
    const sent = Buffer.alloc(16 * 1024 * 1024, "z");
    void guest.write(sent);
    guest.close();
    guest.close();
    const [all] = await Promise.all([received(peer), sockets.flushed()]);
    expect(all.length).toBe(sent.length);
    expect(sockets.connections).toBe(0);
  });

  test("close() drops what a silent peer does not take", async () => {
    const { guest, sockets } = await pair({ lingerMs: 20 });
    void guest.write(Buffer.alloc(64 * 1024 * 1024));
    guest.close();
    await sockets.flushed();
    expect(sockets.connections).toBe(0);
  });
});

describe("socketEnvironment()", () => {
  test("announces as socket activation does, and nothing without sockets", () => {
    const sockets = [http(), { ...http(), name: "metrics" }];
    expect(socketEnvironment(sockets)).toEqual({ LISTEN_FDS: "2", LISTEN_FDNAMES: "http:metrics" });
    expect(socketEnvironment([])).toEqual({});
  });
});
