import { FakeClock } from "@wherry/base";
import { describe, expect, test } from "vitest";
import { GraceDeadline } from "../../src/standard/grace-deadline.ts";

describe("GraceDeadline", () => {
  test("expires at its end, and tells what remains", async () => {
    const clock = new FakeClock();
    const deadline = new GraceDeadline(clock, 5000);
    await clock.advance(3000);
    expect(deadline.remainingMs).toBe(2000);
    expect(deadline.expired.aborted).toBe(false);
    await clock.advance(2000);
    expect(deadline.expired.aborted).toBe(true);
    expect(deadline.remainingMs).toBe(0);
  });

  test("shorten() counts from the beginning, tells those who wait, and never lengthens", async () => {
    const clock = new FakeClock();
    const deadline = new GraceDeadline(clock, 60_000);
    const { shortened } = deadline;
    await clock.advance(3000);
    deadline.shorten(90_000);
    expect(shortened.aborted).toBe(false);
    deadline.shorten(5000);
    expect(shortened.aborted).toBe(true);
    expect(deadline.shortened.aborted).toBe(false);
    expect(deadline.remainingMs).toBe(2000);
    await clock.advance(2000);
    expect(deadline.expired.aborted).toBe(true);
    deadline.end();
    expect(clock.pending).toBe(0);
  });

  test("shorten() to a time that has passed expires at once", async () => {
    const clock = new FakeClock();
    const deadline = new GraceDeadline(clock, 60_000);
    await clock.advance(9000);
    deadline.shorten(5000);
    await clock.advance(0);
    expect(deadline.expired.aborted).toBe(true);
  });
});
