import { describe, expect, test } from "vitest";
import type { RuntimeBench } from "./runtime-bench.ts";

export function restartTests(bench: () => RuntimeBench): void {
  describe("another life on the same state", () => {
    test("what ran goes on, is listed as before, and can be stopped", async () => {
      const { sandbox, container } = await bench().start({ kind: "hold" });
      const before = await bench().runtime.containerStatus(container);
      const sandboxBefore = await bench().runtime.podSandboxStatus(sandbox);
      await bench().subject.reopen();
      const { runtime } = bench();
      expect(await runtime.containerStatus(container)).toEqual(before);
      expect(await runtime.podSandboxStatus(sandbox)).toEqual(sandboxBefore);
      await runtime.stopContainer(container, 10_000);
      expect((await runtime.containerStatus(container)).state).toBe("exited");
    });

    test("what had ended stays as it was", async () => {
      const { container } = await bench().start({ kind: "exit", code: 7 });
      const before = await bench().exited(container);
      await bench().subject.reopen();
      expect(await bench().runtime.containerStatus(container)).toEqual(before);
    });

    test("what ends between two lives is found with its exit code", async () => {
      const { container } = await bench().start({ kind: "exit", code: 7 });
      await bench().subject.reopen();
      expect((await bench().exited(container)).exitCode).toBe(7);
    });

    test("a container that was created can be started, or is over", async () => {
      const sandbox = await bench().runtime.runPodSandbox(bench().sandboxConfig());
      const config = bench().containerConfig({ kind: "hold" });
      const id = await bench().runtime.createContainer(sandbox, config);
      await bench().subject.reopen();
      const { runtime } = bench();
      if ((await runtime.containerStatus(id)).state === "created") {
        await runtime.startContainer(id);
        expect((await runtime.containerStatus(id)).state).toBe("running");
      } else expect((await runtime.containerStatus(id)).state).toBe("exited");
    });

    test("a sandbox that was stopped stays so, and one that was removed is gone", async () => {
      const stopped = await bench().start({ kind: "hold" });
      const removed = await bench().start({ kind: "hold" });
      await bench().runtime.stopPodSandbox(stopped.sandbox);
      await bench().runtime.removePodSandbox(removed.sandbox);
      await bench().subject.reopen();
      const { runtime } = bench();
      expect((await runtime.podSandboxStatus(stopped.sandbox)).state).toBe("not-ready");
      expect(await runtime.listPodSandboxes({ id: removed.sandbox })).toEqual([]);
    });

    test("events of the new life come from the new object", async () => {
      const { sandbox, container } = await bench().start({ kind: "hold" });
      await bench().subject.reopen();
      const events = bench().follow();
      await bench().runtime.stopContainer(container, 0);
      await bench().runtime.removePodSandbox(sandbox);
      await events.end();
      expect(events.seen(sandbox)).toContain(`stopped ${container}`);
    });
  });
}
