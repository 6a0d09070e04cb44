import { describe, expect, test } from "vitest";
import type { RuntimeBench } from "./runtime-bench.ts";

export function sandboxTests(bench: () => RuntimeBench): void {
  describe("sandboxes", () => {
    test("runPodSandbox() answers the ID of a ready sandbox, which is listed with all that was said of it", async () => {
      const { runtime } = bench();
      const config = bench().sandboxConfig();
      const id = await runtime.runPodSandbox(config);
      const { metadata, labels, annotations } = config;
      const expected = { id, metadata, labels, annotations, state: "ready", runtimeHandler: "" };
      expect(await runtime.podSandboxStatus(id)).toMatchObject(expected);
      expect(await runtime.listPodSandboxes({ id })).toMatchObject([expected]);
      expect(await runtime.listPodSandboxes({ podUid: metadata.uid })).toMatchObject([expected]);
      expect(await runtime.listPodSandboxes({ podUid: metadata.uid, state: "not-ready" })).toEqual([]);
      expect(await runtime.listPodSandboxes({ podUid: "somebody-else" })).toEqual([]);
      expect(await runtime.listPodSandboxes({ labels })).toMatchObject([expected]);
      expect(await runtime.listPodSandboxes({ labels: { app: "another" } })).toEqual([]);
    });

    test("runPodSandbox() leaves nothing behind when it rejects", async () => {
      const { runtime } = bench();
      const config = bench().sandboxConfig({ runtimeHandler: "no-such-handler" });
      await expect(runtime.runPodSandbox(config)).rejects.toMatchObject({ code: expect.any(String) });
      expect(await runtime.listPodSandboxes({ podUid: config.metadata.uid })).toEqual([]);
    });

    test("stopPodSandbox() stops all containers by force, remembers the sandbox, and may be repeated", async () => {
      const { runtime } = bench();
      const { sandbox, container } = await bench().start({ kind: "hold" });
      await runtime.stopPodSandbox(sandbox);
      await runtime.stopPodSandbox(sandbox);
      expect((await runtime.podSandboxStatus(sandbox)).state).toBe("not-ready");
      const status = await runtime.containerStatus(container);
      expect(status.state).toBe("exited");
      expect(status.exitCode).not.toBe(0);
      expect(status.finishedAtMs).toBeGreaterThanOrEqual(status.startedAtMs);
      await expect(
        runtime.createContainer(sandbox, bench().containerConfig({ kind: "hold" }, { attempt: 1 })),
      ).rejects.toMatchObject({ code: "FailedPrecondition" });
      expect(await runtime.listContainers({ sandboxId: sandbox })).toHaveLength(1);
    });

    test("removePodSandbox() forgets the sandbox and its containers, running or not, and may be repeated", async () => {
      const { runtime } = bench();
      const { sandbox, container } = await bench().start({ kind: "hold" });
      await runtime.createContainer(sandbox, bench().containerConfig({ kind: "hold" }, { name: "second" }));
      await runtime.removePodSandbox(sandbox);
      await runtime.removePodSandbox(sandbox);
      expect(await runtime.listPodSandboxes({ id: sandbox })).toEqual([]);
      expect(await runtime.listContainers({ sandboxId: sandbox })).toEqual([]);
      await expect(runtime.podSandboxStatus(sandbox)).rejects.toMatchObject({ code: "NotFound" });
      await expect(runtime.containerStatus(container)).rejects.toMatchObject({ code: "NotFound" });
    });

    test("updatePodSandboxResources() changes the limits it names, and may be repeated", async () => {
      const { runtime } = bench();
      const resources = { cpuLimitMillis: 1000, memoryLimitBytes: 512 * 1024 * 1024 };
      const id = await runtime.runPodSandbox(bench().sandboxConfig({ resources }));
      await runtime.updatePodSandboxResources(id, { cpuLimitMillis: 500 });
      await runtime.updatePodSandboxResources(id, { cpuLimitMillis: 500 });
      const status = await runtime.podSandboxStatus(id);
      // Not every runtime tells.
      if (status.resources !== undefined) expect(status.resources).toEqual({ ...resources, cpuLimitMillis: 500 });
    });

    test("two sandboxes of one pod are two, told apart by their attempts", async () => {
      const { runtime } = bench();
      const first = bench().sandboxConfig();
      const second = { ...first, metadata: { ...first.metadata, attempt: 1 } };
      const ids = [await runtime.runPodSandbox(first), await runtime.runPodSandbox(second)];
      expect(new Set(ids).size).toBe(2);
      const listed = await runtime.listPodSandboxes({ podUid: first.metadata.uid });
      expect(listed.map(({ metadata }) => metadata.attempt).toSorted()).toEqual([0, 1]);
    });

    test("verbs of different sandboxes may run at the same time", async () => {
      const { runtime } = bench();
      const codes = [0, 1, 2, 3, 4, 5];
      const outcomes = await Promise.all(
        codes.map(async (code) => {
          const { sandbox, container } = await bench().start({ kind: "exit", code });
          const { exitCode } = await bench().exited(container);
          await runtime.removePodSandbox(sandbox);
          return { sandbox, container, exitCode };
        }),
      );
      expect(outcomes.map(({ exitCode }) => exitCode)).toEqual(codes);
      expect(new Set(outcomes.flatMap(({ sandbox, container }) => [sandbox, container])).size).toBe(2 * codes.length);
    });
  });
}
