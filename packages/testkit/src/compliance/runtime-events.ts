import { describe, expect, test } from "vitest";
import { eventually } from "../processes/peer-process.ts";
import type { RuntimeBench } from "./runtime-bench.ts";

export function eventTests(bench: () => RuntimeBench): void {
  describe("events", () => {
    test("what happens to a container is told once each, in order", async () => {
      const { runtime } = bench();
      const events = bench().follow();
      const { sandbox, container } = await bench().start({ kind: "exit", code: 3 });
      await bench().exited(container);
      await runtime.removeContainer(container);
      await runtime.removePodSandbox(sandbox);
      await eventually("The last event", () => events.seen(sandbox).at(-1) === "deleted");
      await events.end();
      const types = events.seen(sandbox).filter((event) => event.endsWith(container));
      // A short container's end may overtake the answer to its start.
      expect(types.toSorted()).toEqual(
        ["created", "deleted", "started", "stopped"].map((type) => `${type} ${container}`),
      );
      expect(types[0]).toBe(`created ${container}`);
      expect(types[3]).toBe(`deleted ${container}`);
    });

    test("what happens to a sandbox is told without a container", async () => {
      const { runtime } = bench();
      const events = bench().follow();
      const sandbox = await runtime.runPodSandbox(bench().sandboxConfig());
      await runtime.stopPodSandbox(sandbox);
      await runtime.removePodSandbox(sandbox);
      await eventually("The last event", () => events.seen(sandbox).at(-1) === "deleted");
      await events.end();
      expect(events.seen(sandbox).filter((type) => type !== "created")).toEqual(["started", "stopped", "deleted"]);
    });

    test("every consumer gets every event, and none before it came", async () => {
      const before = await bench().start({ kind: "hold" });
      const followers = [bench().follow(), bench().follow()];
      const { sandbox, container } = await bench().start({ kind: "hold" });
      const last = `started ${container}`;
      await eventually("Both followers' events", () => followers.every(({ seen }) => seen(sandbox).includes(last)));
      for (const follower of followers) {
        await follower.end();
        expect(follower.seen(before.sandbox)).toEqual([]);
      }
      expect(followers[0]?.seen(sandbox)).toEqual(followers[1]?.seen(sandbox));
    });

    test("events() ends when its signal aborts, also when it has before", async () => {
      const stop = new AbortController();
      const iterator = bench().runtime.events({ signal: stop.signal })[Symbol.asyncIterator]();
      const next = iterator.next();
      stop.abort();
      expect((await next).done).toBe(true);
      const aborted = bench().runtime.events({ signal: AbortSignal.abort() });
      expect((await aborted[Symbol.asyncIterator]().next()).done).toBe(true);
    });

    test("a consumer that falls behind holds nobody up and gets an overflow", async (context) => {
      const { runtime, subject } = bench();
      if (subject.eventCapacity === undefined) return context.skip("not applicable: the subject names no capacity");
      const stop = new AbortController();
      const iterator = runtime.events({ signal: stop.signal })[Symbol.asyncIterator]();
      const first = iterator.next();
      for (let count = 0; count <= subject.eventCapacity; count++)
        await runtime.removePodSandbox(await runtime.runPodSandbox(bench().sandboxConfig()));
      const types: string[] = [(await first).value?.type];
      while (types.at(-1) !== "overflow" && types.length <= subject.eventCapacity)
        types.push((await iterator.next()).value?.type);
      expect(types.at(-1)).toBe("overflow");
      stop.abort();
    });
  });
}
