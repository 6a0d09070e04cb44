import { FakeClock } from "@wherry/base";
import { describe, expect, test } from "vitest";
import { TickSchedule } from "../../src/probes/tick-schedule.ts";

describe("TickSchedule", () => {
  test("add() calls back once, at the next point of the grid, and shares timers", async () => {
    const clock = new FakeClock();
    const schedule = new TickSchedule(clock, 50);
    const begin = clock.monotonic();
    const called: [string, number][] = [];
    const task = (name: string) => () => void called.push([name, clock.monotonic() - begin]);
    schedule.add(begin + 1, task("a"));
    schedule.add(begin + 50, task("b"));
    schedule.add(begin + 51, task("c"));
    expect(clock.pending).toBe(2);
    await clock.advance(1000);
    expect(called).toEqual([
      ["a", 50],
      ["b", 50],
      ["c", 100],
    ]);
    expect(clock.pending).toBe(0);
  });

  test("remove() takes back, and leaves no timer behind", async () => {
    const clock = new FakeClock();
    const schedule = new TickSchedule(clock, 50);
    let calls = 0;
    const task = () => void calls++;
    const other = () => {
      calls += 10;
    };
    const slot = schedule.add(clock.monotonic() + 10, task);
    schedule.add(clock.monotonic() + 20, other);
    schedule.remove(slot, task);
    schedule.remove(slot, task);
    await clock.advance(100);
    expect(calls).toBe(10);
    const last = schedule.add(clock.monotonic() + 10, task);
    schedule.remove(last, task);
    expect(clock.pending).toBe(0);
  });

  test("a task may add itself for a time that has come", async () => {
    const clock = new FakeClock();
    const schedule = new TickSchedule(clock, 50);
    let calls = 0;
    const task = () => {
      calls++;
      if (calls < 3) schedule.add(clock.monotonic(), task);
    };
    schedule.add(clock.monotonic(), task);
    await clock.advance(0);
    expect(calls).toBe(3);
  });
});
