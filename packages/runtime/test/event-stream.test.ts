import { describe, expect, test } from "vitest";
import { RuntimeEventStream } from "../src/event-stream.ts";
import type { RuntimeEvent } from "../src/index.ts";

const event = (timeMs: number): RuntimeEvent => ({ type: "started", sandboxId: "s", podUid: "u", timeMs });

describe("RuntimeEventStream", () => {
  test("subscribe() gets events from the call on, not from the first read on", async () => {
    const stream = new RuntimeEventStream();
    stream.emit(event(0));
    const events = stream.subscribe();
    stream.emit(event(1));
    expect(await events.next()).toEqual({ done: false, value: event(1) });
  });

  test("emit() replaces what a slow consumer missed by one overflow entry and goes on after it", async () => {
    const stream = new RuntimeEventStream(3);
    const events = stream.subscribe();
    for (let time = 0; time < 5; time++) stream.emit(event(time));
    expect((await events.next()).value).toEqual({ type: "overflow" });
    expect((await events.next()).value).toEqual(event(4));
  });

  test("subscribe() ends when its signal aborts, also while waiting", async () => {
    const stream = new RuntimeEventStream();
    const abort = new AbortController();
    const next = stream.subscribe(abort.signal).next();
    abort.abort();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  test("return() stops the subscription", async () => {
    const stream = new RuntimeEventStream();
    const events = stream.subscribe();
    await events.return?.();
    stream.emit(event(1));
    expect((await events.next()).done).toBe(true);
  });
});
