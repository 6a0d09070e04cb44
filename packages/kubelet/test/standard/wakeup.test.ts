import { FakeClock } from "@wherry/base";
import { describe, expect, test } from "vitest";
import { Semaphore } from "../../src/standard/semaphore.ts";
import { Wakeup } from "../../src/standard/wakeup.ts";

const never = new AbortController().signal;

describe("Wakeup", () => {
  test("wait() returns at once for a raise that came before, and only once", async () => {
    const clock = new FakeClock();
    const wakeup = new Wakeup();
    wakeup.raise();
    wakeup.raise();
    await wakeup.wait(clock, never);
    let woken = false;
    void wakeup.wait(clock, never).then(() => {
      woken = true;
    });
    await clock.advance(1000);
    expect(woken).toBe(false);
    wakeup.raise();
    await clock.advance(0);
    expect(woken).toBe(true);
  });

  test("wait() ends after its time and leaves no timer", async () => {
    const clock = new FakeClock();
    const wakeup = new Wakeup();
    const waited = wakeup.wait(clock, never, 500);
    await clock.advance(500);
    await waited;
    const early = wakeup.wait(clock, never, 500);
    wakeup.raise();
    await early;
    expect(clock.pending).toBe(0);
  });

  test("wait() rejects with the reason of an abort", async () => {
    const abort = new AbortController();
    const waited = new Wakeup().wait(new FakeClock(), abort.signal, 500);
    const reason = new Error("enough");
    abort.abort(reason);
    await expect(waited).rejects.toBe(reason);
  });
});

describe("Semaphore", () => {
  test("hold() lets only so many in, in the order they came, and gives back what an abort took", async () => {
    const semaphore = new Semaphore(1);
    const order: string[] = [];
    const first = Promise.withResolvers<void>();
    const abort = new AbortController();
    const one = semaphore.hold(never, async () => {
      order.push("one");
      await first.promise;
    });
    const aborted = semaphore.hold(abort.signal, async () => void order.push("aborted"));
    const two = semaphore.hold(never, async () => void order.push("two"));
    abort.abort(new Error("gone"));
    await expect(aborted).rejects.toThrow("gone");
    first.resolve();
    await Promise.all([one, two]);
    expect(order).toEqual(["one", "two"]);
    await semaphore.hold(never, async () => void order.push("three"));
    expect(order.at(-1)).toBe("three");
  });

  test("hold() gives its place back when the work fails", async () => {
    const semaphore = new Semaphore(1);
    await expect(semaphore.hold(never, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await semaphore.hold(never, async () => "yes")).toBe("yes");
  });
});
