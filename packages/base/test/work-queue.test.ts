import { describe, expect, test } from "vitest";
import { FakeClock, WorkQueue } from "../src/index.ts";

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("WorkQueue", () => {
  test("addAfter() sets no timer once the queue has stopped", async () => {
    const clock = new FakeClock();
    const queue = new WorkQueue(async () => undefined, { clock });
    const abort = new AbortController();
    const running = queue.run(abort.signal);
    queue.addAfter("before", 60_000);
    abort.abort();
    await running;
    queue.addAfter("after", 60_000);
    expect(clock.pending).toBe(0);
  });

  test("add() while a key is worked on runs it once more, never twice at a time", async () => {
    const gate = deferred();
    let active = 0;
    let calls = 0;
    const queue = new WorkQueue(async () => {
      calls++;
      expect(++active).toBe(1);
      await gate.promise;
      active--;
      return undefined;
    });
    const abort = new AbortController();
    const running = queue.run(abort.signal);
    queue.add("a");
    await turn();
    queue.add("a");
    queue.add("a");
    gate.resolve();
    await turn();
    expect(calls).toBe(2);
    abort.abort();
    await running;
  });

  test("run() retries a failing key with back-off and forgets the back-off after success", async () => {
    const clock = new FakeClock();
    const delays: number[] = [];
    let failures = 2;
    const queue = new WorkQueue(
      async () => {
        if (failures-- > 0) throw new Error("not yet");
        return undefined;
      },
      { clock, backoff: { initialMs: 10, maxMs: 100 }, onError: (_key, _error, retryInMs) => delays.push(retryInMs) },
    );
    const abort = new AbortController();
    const running = queue.run(abort.signal);
    queue.add("a");
    await clock.advance(1000);
    failures = 1;
    queue.add("a");
    await clock.advance(1000);
    expect(delays).toEqual([10, 20, 10]);
    abort.abort();
    await running;
  });

  test("run() works on at most `concurrency` keys at a time", async () => {
    const gate = deferred();
    const started: string[] = [];
    const queue = new WorkQueue(
      async (key) => {
        started.push(key);
        await gate.promise;
        return undefined;
      },
      { concurrency: 2 },
    );
    const abort = new AbortController();
    const running = queue.run(abort.signal);
    for (const key of ["a", "b", "c"]) queue.add(key);
    await turn();
    expect(started).toEqual(["a", "b"]);
    gate.resolve();
    await turn();
    expect(started).toEqual(["a", "b", "c"]);
    abort.abort();
    await running;
  });

  test("run() works on a key again after the delay its handler answers", async () => {
    const clock = new FakeClock();
    let calls = 0;
    const queue = new WorkQueue(async () => (++calls < 3 ? 1000 : undefined), { clock });
    const abort = new AbortController();
    const running = queue.run(abort.signal);
    queue.add("a");
    await clock.advance(999);
    expect(calls).toBe(1);
    await clock.advance(5000);
    expect(calls).toBe(3);
    abort.abort();
    await running;
    expect(clock.pending).toBe(0);
  });

  test("forget() drops waiting work and delays", async () => {
    const clock = new FakeClock();
    let calls = 0;
    const queue = new WorkQueue(
      async () => {
        calls++;
        return undefined;
      },
      { clock },
    );
    const abort = new AbortController();
    queue.addAfter("a", 10);
    queue.add("b");
    queue.forget("a");
    queue.forget("b");
    const running = queue.run(abort.signal);
    await clock.advance(100);
    expect(calls).toBe(0);
    abort.abort();
    await running;
  });
});
