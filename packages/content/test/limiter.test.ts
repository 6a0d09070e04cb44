import { describe, expect, test } from "vitest";
import { Limiter } from "../src/limiter.ts";

describe("Limiter", () => {
  test("an aborted wait ends at once, and the place goes to the next in line", async () => {
    const limiter = new Limiter(1);
    const first = Promise.withResolvers<void>();
    const abort = new AbortController();
    const begun: string[] = [];
    const work = (name: string) => async () => void begun.push(name);
    const running = limiter.run(() => first.promise);
    const aborted = limiter.run(work("aborted"), abort.signal);
    const next = limiter.run(work("next"));
    abort.abort(new Error("pod deleted"));
    await expect(aborted).rejects.toThrow("pod deleted");
    expect(begun).toEqual([]);
    first.resolve();
    await Promise.all([running, next]);
    expect(begun).toEqual(["next"]);
  });

  test("an abort as the turn comes takes nobody else's place", async () => {
    const limiter = new Limiter(1);
    const first = Promise.withResolvers<void>();
    const abort = new AbortController();
    const begun: string[] = [];
    const running = limiter.run(() => first.promise);
    const late = limiter.run(async () => void begun.push("late"), abort.signal);
    const next = limiter.run(async () => void begun.push("next"));
    first.resolve();
    // Between the first's giving its place away and the next one's taking it.
    queueMicrotask(() => abort.abort(new Error("pod deleted")));
    await Promise.all([running, late]);
    await new Promise(setImmediate);
    expect(begun).toEqual(["late", "next"]);
    await next;
  });

  test("work with an aborted signal is not begun", async () => {
    const limiter = new Limiter(1);
    const reason = new Error("pod deleted");
    await expect(limiter.run(async () => "begun", AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
