import { type Clock, silentLogger, systemClock } from "@wherry/base";
import { describe, expect, onTestFinished, test } from "vitest";
import type { LaunchedHost } from "../src/client/host-launcher.ts";
import { HostPool } from "../src/client/host-pool.ts";
import type { HostProcess } from "../src/client/host-process.ts";

interface Launch {
  readonly host: HostProcess;
  done(): void;
  fail(error: Error): void;
}

/** A launcher whose processes get ready when the test says so. */
class FakeLauncher {
  readonly launches: Launch[] = [];
  readonly discarded: HostProcess[] = [];

  launch(): Promise<LaunchedHost> {
    const { promise, resolve, reject } = Promise.withResolvers<LaunchedHost>();
    const host = {
      identity: { pid: this.launches.length, startTicks: "0", bootId: "" },
      ended: new Promise(() => undefined),
      up: Promise.resolve(),
    } as unknown as LaunchedHost;
    this.launches.push({ host, done: () => resolve(host), fail: reject });
    return promise;
  }

  async discard(host: HostProcess): Promise<void> {
    this.discarded.push(host);
  }

  /** Ends the launch of that number once it has begun. */
  async finish(number: number): Promise<HostProcess> {
    for (;;) {
      const launch = this.launches[number];
      launch?.done();
      await settle();
      if (launch !== undefined) return launch.host;
    }
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Stands still; `sleep` ends when the test says so. */
class ManualClock implements Clock {
  nowMs = 1000;
  readonly sleeping: { untilMs: number; wake: () => void }[] = [];
  now = () => this.nowMs;
  monotonic = () => this.nowMs;
  setTimer = systemClock.setTimer;
  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      signal?.addEventListener("abort", () => resolve(), { once: true });
      this.sleeping.push({ untilMs: this.nowMs + delayMs, wake: resolve });
    });
  }
  async advance(byMs: number): Promise<void> {
    this.nowMs += byMs;
    for (const { untilMs, wake } of this.sleeping) if (untilMs <= this.nowMs) wake();
    await settle();
  }
}

function startPool(options: { readonly size?: number; readonly concurrency?: number; readonly run?: boolean } = {}) {
  const launcher = new FakeLauncher();
  const clock = new ManualClock();
  const { size = 2, concurrency = 2 } = options;
  const pool = new HostPool({ size, concurrency, clock, logger: silentLogger, launcher });
  const controller = new AbortController();
  const running = options.run === false ? Promise.resolve() : pool.run(controller.signal);
  onTestFinished(async () => {
    controller.abort();
    for (const launch of launcher.launches) launch.done();
    await running;
  });
  return { pool, launcher, clock };
}

describe("HostPool", () => {
  test("HostPool.take() starts no more processes at a time than it may, one for each caller", async () => {
    const { pool, launcher } = startPool({ run: false });
    const served: string[] = [];
    for (const name of ["a", "b", "c"]) void pool.take().then((host) => served.push(`${name}=${host.identity.pid}`));
    expect(launcher.launches).toHaveLength(2);
    await launcher.finish(1);
    expect(launcher.launches).toHaveLength(3);
    await launcher.finish(2);
    await launcher.finish(0);
    expect(served).toEqual(["b=1", "c=2", "a=0"]);
  });

  test("HostPool.take() rejects for one caller when a process cannot be started", async () => {
    const { pool, launcher } = startPool({ run: false, concurrency: 1 });
    const [first, second] = [pool.take(), pool.take()];
    launcher.launches[0]?.fail(new Error("no memory"));
    await expect(first).rejects.toThrow("no memory");
    const host = await launcher.finish(1);
    expect(await second).toBe(host);
  });

  test("HostPool.take() leaves the process of a caller that gave up to the next", async () => {
    const { pool, launcher } = startPool({ run: false, concurrency: 1 });
    const controller = new AbortController();
    const first = pool.take(controller.signal);
    const second = pool.take();
    controller.abort(new Error("given up"));
    await expect(first).rejects.toThrow("given up");
    const host = await launcher.finish(0);
    expect(await second).toBe(host);
    expect(launcher.discarded).toEqual([]);
  });

  test("HostPool.run() replaces a taken process only after a pause, unless it was the last", async () => {
    const { pool, launcher, clock } = startPool();
    await launcher.finish(0);
    await launcher.finish(1);
    expect(pool.idle).toBe(2);
    await pool.take();
    await settle();
    expect(launcher.launches).toHaveLength(2);
    await clock.advance(100);
    expect(launcher.launches).toHaveLength(3);
    await launcher.finish(2);
    await pool.take();
    await clock.advance(10);
    await pool.take();
    await clock.advance(90);
    expect(pool.idle).toBe(0);
    expect(launcher.launches).toHaveLength(4);
  });

  test("HostPool.take() tries again when the process it counted on cannot be started", async () => {
    const { pool, launcher } = startPool({ size: 1 });
    const taken = pool.take();
    expect(launcher.launches).toHaveLength(1);
    launcher.launches[0]?.fail(new Error("no memory"));
    const host = await launcher.finish(1);
    expect(await taken).toBe(host);
  });

  test("HostPool.run() ends idle processes with its signal", async () => {
    const launcher = new FakeLauncher();
    const pool = new HostPool({ size: 1, concurrency: 1, clock: systemClock, logger: silentLogger, launcher });
    const controller = new AbortController();
    const running = pool.run(controller.signal);
    const host = await launcher.finish(0);
    controller.abort();
    await running;
    expect(launcher.discarded).toEqual([host]);
  });
});
