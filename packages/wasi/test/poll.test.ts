import { FakeClock } from "@wherry/base";
import { describe, expect, test } from "vitest";
import { fineWallClock } from "../src/guest-clock.ts";
import { type ByteSource, guestClockFrom, MemoryFileSystem, type Preview1Options } from "../src/index.ts";
import { Errno } from "../src/preview1/errno.ts";
import { drive, type GuestDriver } from "./guest-driver.ts";

interface Subscription {
  readonly userdata: bigint;
  readonly clock?: number;
  readonly timeoutNs?: bigint;
  readonly absolute?: boolean;
  readonly read?: number;
  readonly write?: number;
  readonly type?: number;
}

async function poll(guest: GuestDriver, ...subscriptions: Subscription[]) {
  const input = guest.alloc(48 * subscriptions.length);
  const output = guest.alloc(32 * subscriptions.length);
  const count = guest.alloc(4);
  const { view } = guest;
  for (const [index, subscription] of subscriptions.entries()) {
    const at = input + index * 48;
    const { clock, read, write } = subscription;
    view.setBigUint64(at, subscription.userdata, true);
    view.setUint8(at + 8, subscription.type ?? (clock !== undefined ? 0 : read !== undefined ? 1 : 2));
    view.setUint32(at + 16, clock ?? read ?? write ?? 0, true);
    view.setBigUint64(at + 24, subscription.timeoutNs ?? 0n, true);
    view.setUint16(at + 40, subscription.absolute === true ? 1 : 0, true);
  }
  const errno = await guest.call("poll_oneoff", input, output, subscriptions.length, count);
  if (errno !== 0) return errno;
  return Array.from({ length: guest.u32(count) }, (_, index) => {
    const at = output + index * 32;
    return {
      userdata: guest.u64(at),
      errno: guest.view.getUint16(at + 8, true),
      type: guest.view.getUint8(at + 10),
      bytes: guest.u64(at + 16),
      flags: guest.view.getUint16(at + 24, true),
    };
  });
}

/** A source that is filled by hand. */
function manualSource(withReadable: boolean) {
  const chunks: Buffer[] = [];
  let wake = Promise.withResolvers<void>();
  const wait = async () => {
    while (chunks.length === 0) await wake.promise;
  };
  const source: ByteSource = {
    read: (max) => (chunks.length > 0 ? take(max) : wait().then(() => take(max))),
    ...(withReadable
      ? { readable: () => (chunks.length > 0 ? (chunks[0]?.length ?? 0) : wait().then(() => chunks[0]?.length ?? 0)) }
      : {}),
  };
  const take = (max: number) => {
    const chunk = chunks.shift() as Buffer;
    if (chunk.length > max) chunks.unshift(chunk.subarray(max));
    return chunk.subarray(0, max);
  };
  const push = (text: string) => {
    chunks.push(Buffer.from(text));
    wake.resolve();
    wake = Promise.withResolvers<void>();
  };
  return { source, push };
}

const run = async (options: Partial<Preview1Options>, program: (guest: GuestDriver) => Promise<void>) =>
  expect(await drive(options, program)).toEqual({ kind: "exited", code: 0 });

describe("clocks", () => {
  test("clock_time_get() reads each clock in nanoseconds", async () => {
    const clock = new FakeClock(1_700_000_000_123);
    await run({ clock: guestClockFrom(clock) }, async (guest) => {
      expect(await guest.call("clock_time_get", 0, 0n, 64)).toBe(0);
      expect(guest.u64(64)).toBe(1_700_000_000_123_000_000n);
      expect(await guest.call("clock_time_get", 1, 0n, 64)).toBe(0);
      const before = guest.u64(64);
      await clock.advance(5);
      await guest.call("clock_time_get", 1, 0n, 64);
      expect(guest.u64(64) - before).toBe(5_000_000n);
      for (const id of [2, 3]) expect(await guest.call("clock_time_get", id, 0n, 64)).toBe(0);
      for (const id of [4, -1]) expect(await guest.call("clock_time_get", id, 0n, 64)).toBe(Errno.inval);
      expect(await guest.call("clock_time_get", 0, 0n, -4)).toBe(Errno.fault);
    });
  });

  test("clock_res_get() knows the same clocks", async () => {
    await run({}, async (guest) => {
      for (const id of [0, 1, 2, 3]) {
        expect(await guest.call("clock_res_get", id, 64)).toBe(0);
        expect(guest.u64(64)).toBeGreaterThan(0n);
      }
      for (const id of [4, -1]) expect(await guest.call("clock_res_get", id, 64)).toBe(Errno.inval);
    });
  });

  test("the machine's clocks go forward", async () => {
    await run({}, async (guest) => {
      for (const id of [0, 1, 2, 3]) {
        await guest.call("clock_time_get", id, 0n, 64);
        const first = guest.u64(64);
        await guest.call("clock_time_get", id, 0n, 64);
        expect(guest.u64(64)).toBeGreaterThanOrEqual(first);
      }
    });
  });
});

describe("fineWallClock()", () => {
  test("stays within the millisecond of the wall clock and goes on inside of it", () => {
    let [wall, monotonic] = [1_000, 50.2];
    const read = fineWallClock(
      () => wall,
      () => monotonic,
    );
    expect(read()).toBe(1_000_000_000n);
    monotonic += 0.25;
    expect(read()).toBe(1_000_250_000n);
    monotonic += 0.25;
    wall = 1_001;
    expect(read()).toBe(1_001_000_000n);
    monotonic += 5;
    expect(read()).toBe(1_001_999_000n);
    wall = 500;
    expect(read()).toBe(500_999_000n);
    wall = 9_000_000;
    monotonic += 1;
    expect(read()).toBe(9_000_000_000_000n);
  });
});

describe("poll_oneoff()", () => {
  const settle = () => new Promise((resolve) => setImmediate(resolve));

  test("waits for the earliest of several clocks and reports all that are due", async () => {
    const clock = new FakeClock(1_000_000);
    await run({ clock: guestClockFrom(clock) }, async (guest) => {
      const polled = poll(
        guest,
        { userdata: 1n, clock: 1, timeoutNs: 50_000_000n },
        { userdata: 2n, clock: 0, timeoutNs: 20_000_000n },
        { userdata: 3n, clock: 0, timeoutNs: 1_000_020_000_000n, absolute: true },
      );
      await settle();
      await clock.advance(19);
      let done = false;
      void polled.then(() => {
        done = true;
      });
      await settle();
      expect(done).toBe(false);
      await clock.advance(1);
      expect(await polled).toEqual([
        { userdata: 2n, errno: 0, type: 0, bytes: 0n, flags: 0 },
        { userdata: 3n, errno: 0, type: 0, bytes: 0n, flags: 0 },
      ]);
    });
  });

  test("a wait for a length of time is not changed by setting the time of day, one for a time of day is", async () => {
    const clock = new FakeClock(1_000_000);
    let shiftMs = 0;
    const base = guestClockFrom(clock);
    const shifted = { ...base, realtimeNs: () => base.realtimeNs() + BigInt(shiftMs) * 1_000_000n };
    await run({ clock: shifted }, async (guest) => {
      const relative = poll(guest, { userdata: 1n, clock: 0, timeoutNs: 20_000_000n });
      await settle();
      shiftMs = -3_600_000;
      await clock.advance(20);
      expect(await relative).toMatchObject([{ userdata: 1n }]);
      const noon = base.realtimeNs() + 1_000_000_000_000n;
      const absolute = poll(guest, { userdata: 2n, clock: 0, timeoutNs: noon, absolute: true });
      await settle();
      shiftMs = 1_000_000;
      await clock.advance(10_000);
      expect(await absolute).toMatchObject([{ userdata: 2n }]);
    });
  });

  test("answers at once for times that are past, and for a timeout of 0", async () => {
    await run({}, async (guest) => {
      expect(await poll(guest, { userdata: 1n, clock: 0, timeoutNs: 1n, absolute: true })).toHaveLength(1);
      expect(await poll(guest, { userdata: 1n, clock: 1 })).toHaveLength(1);
    });
  });

  test("sleeps on the machine's clock, never too short", async () => {
    await run({}, async (guest) => {
      const start = process.hrtime.bigint();
      await poll(guest, { userdata: 1n, clock: 1, timeoutNs: 3_100_000n });
      expect(process.hrtime.bigint() - start).toBeGreaterThanOrEqual(3_100_000n);
    });
  });

  for (const withReadable of [true, false]) {
    test(`waits for input of a source ${withReadable ? "that tells" : "that must be read ahead"}`, async () => {
      const { source, push } = manualSource(withReadable);
      const clock = new FakeClock();
      await run({ stdin: source, clock: guestClockFrom(clock) }, async (guest) => {
        const timeout = { userdata: 9n, clock: 1, timeoutNs: 1_000_000n };
        const first = poll(guest, { userdata: 5n, read: 0 }, timeout);
        await settle();
        await clock.advance(1);
        expect(await first).toMatchObject([{ userdata: 9n }]);
        const second = poll(guest, { userdata: 5n, read: 0 }, timeout);
        await settle();
        push("hello");
        expect(await second).toEqual([{ userdata: 5n, errno: 0, type: 1, bytes: 5n, flags: 0 }]);
        expect(await guest.read(0, 3)).toEqual({ errno: 0, text: "hel" });
        expect(await poll(guest, { userdata: 5n, read: 0 })).toMatchObject([{ bytes: 2n }]);
        expect(await guest.read(0, 10)).toEqual({ errno: 0, text: "lo" });
        push("");
        await settle();
        expect(await poll(guest, { userdata: 5n, read: 0 })).toMatchObject([{ bytes: 0n, flags: 1 }]);
        expect(await guest.read(0, 10)).toEqual({ errno: 0, text: "" });
      });
    });
  }

  test("does not pile up callbacks on a stream that stays quiet", async () => {
    let reads = 0;
    const stdin: ByteSource = {
      read: () => {
        reads += 1;
        return new Promise(() => undefined);
      },
    };
    await run({ stdin }, async (guest) => {
      for (let round = 0; round < 50; round++) await poll(guest, { userdata: 1n, read: 0 }, { userdata: 2n, clock: 1 });
      expect(reads).toBe(1);
    });
  });

  test("reports output as writable unless the sink makes the guest wait", async () => {
    const held = Promise.withResolvers<void>();
    const stdout = { write: () => held.promise };
    await run({ stdout }, async (guest) => {
      const event = { errno: 0, type: 2, bytes: 65_536n, flags: 0 };
      expect(await poll(guest, { userdata: 1n, write: 1 }, { userdata: 2n, write: 2 })).toEqual([
        { userdata: 1n, ...event },
        { userdata: 2n, ...event },
      ]);
      await guest.call("fd_fdstat_set_flags", 1, 4);
      expect(await guest.write(1, "x")).toEqual({ errno: 0, size: 1 });
      expect((await guest.write(1, "y")).errno).toBe(Errno.again);
      const waiting = poll(guest, { userdata: 1n, write: 1 });
      await settle();
      held.resolve();
      expect(await waiting).toEqual([{ userdata: 1n, ...event }]);
    });
  });

  test("finds files always ready and what cannot be polled in error", async () => {
    const preopens = [{ guestPath: "/", fs: new MemoryFileSystem({ file: "12345" }) }];
    await run({ preopens }, async (guest) => {
      const { fd } = await guest.open("file");
      await guest.read(fd, 2);
      const events = await poll(
        guest,
        { userdata: 1n, read: fd },
        { userdata: 2n, write: fd },
        { userdata: 3n, read: 99 },
        { userdata: 4n, read: 3 },
        { userdata: 5n, write: 0 },
        { userdata: 6n, type: 7 },
        { userdata: 7n, clock: 9 },
        { userdata: 10n, clock: 2 },
        { userdata: 11n, clock: 3 },
        { userdata: 8n, clock: 1, timeoutNs: 1_000_000_000_000n },
      );
      expect((events as { errno: number }[]).map(({ errno }) => errno)).toEqual([
        0,
        0,
        Errno.badf,
        Errno.badf,
        Errno.notcapable,
        Errno.inval,
        Errno.inval,
        Errno.notsup,
        Errno.notsup,
      ]);
      expect(events).toMatchObject([{ bytes: 3n }, { bytes: 65_536n }, {}, {}, {}, {}, {}, {}, {}]);
    });
  });

  test("refuses no subscriptions, too many and lists outside the memory", async () => {
    await run({}, async (guest) => {
      expect(await poll(guest)).toBe(Errno.inval);
      expect(await guest.call("poll_oneoff", 0, 0, 4097, 0)).toBe(Errno.inval);
      expect(await guest.call("poll_oneoff", 0, 0, -1, 0)).toBe(Errno.inval);
      expect(await guest.call("poll_oneoff", -48, 64, 1, 64)).toBe(Errno.fault);
      expect(await guest.call("poll_oneoff", 64, -8, 1, 64)).toBe(Errno.fault);
      expect(await guest.call("poll_oneoff", 64, 128, 1, -1)).toBe(Errno.fault);
    });
  });

  test("sched_yield() lets others run", async () => {
    await run({}, async (guest) => {
      let ran = false;
      setImmediate(() => {
        ran = true;
      });
      expect(await guest.call("sched_yield")).toBe(0);
      expect(ran).toBe(true);
      expect(await guest.call("proc_raise", 15)).toBe(Errno.notsup);
    });
  });
});
