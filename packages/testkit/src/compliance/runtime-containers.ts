import { readFile, rename } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { eventually } from "../processes/peer-process.ts";
import type { RuntimeBench } from "./runtime-bench.ts";

const entry = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d) stdout F (.*)$/;

export function containerTests(bench: () => RuntimeBench): void {
  describe("containers", () => {
    test("a container is created, then running, then exited, with the times of each", async () => {
      const { runtime } = bench();
      const config = bench().sandboxConfig();
      const sandbox = await runtime.runPodSandbox(config);
      const wanted = bench().containerConfig({ kind: "hold" });
      const id = await runtime.createContainer(sandbox, wanted);
      const { name, attempt, labels, annotations } = wanted;
      const created = await runtime.containerStatus(id);
      expect(created).toMatchObject({ id, sandboxId: sandbox, name, attempt, labels, annotations, state: "created" });
      expect([created.startedAtMs, created.finishedAtMs]).toEqual([0, 0]);
      expect(created.logPath).toBe(`${config.logDirectory}/${wanted.logPath}`);
      await runtime.startContainer(id);
      const running = await runtime.containerStatus(id);
      expect(running).toMatchObject({ state: "running", finishedAtMs: 0, reason: "" });
      expect(running.startedAtMs).toBeGreaterThanOrEqual(created.createdAtMs);
      await runtime.stopContainer(id, 10_000);
      const exited = await runtime.containerStatus(id);
      expect(exited).toMatchObject({ state: "exited", startedAtMs: running.startedAtMs });
      expect(exited.finishedAtMs).toBeGreaterThanOrEqual(running.startedAtMs);
    });

    test("listContainers() filters by every field", async () => {
      const { runtime } = bench();
      const { sandbox, container, config } = await bench().start({ kind: "hold" });
      const ids = async (filter: Parameters<typeof runtime.listContainers>[0]) =>
        (await runtime.listContainers(filter)).map(({ id }) => id);
      expect(await ids({ id: container })).toEqual([container]);
      expect(await ids({ sandboxId: sandbox })).toEqual([container]);
      expect(await ids({ podUid: config.metadata.uid, state: "running" })).toEqual([container]);
      expect(await ids({ podUid: config.metadata.uid, state: "exited" })).toEqual([]);
      expect(await ids({ sandboxId: sandbox, labels: { container: "main" } })).toEqual([container]);
      expect(await ids({ sandboxId: sandbox, labels: { container: "other" } })).toEqual([]);
    });

    test.each([0, 1, 42, 255])("an exit with %i is reported as it was", async (code) => {
      const { container } = await bench().start({ kind: "exit", code });
      expect((await bench().exited(container)).exitCode).toBe(code);
    });

    test("createContainer() needs the image to be present, and leaves nothing behind when it is not", async () => {
      const { runtime, subject } = bench();
      const sandbox = await runtime.runPodSandbox(bench().sandboxConfig());
      const config = bench().containerConfig({ kind: "hold" }, { image: { image: subject.missingImage } });
      await expect(runtime.createContainer(sandbox, config)).rejects.toMatchObject({ code: "NotFound" });
      expect(await runtime.listContainers({ sandboxId: sandbox })).toEqual([]);
    });

    test("startContainer() starts once: repeated, it changes nothing", async () => {
      const { runtime } = bench();
      const { container } = await bench().start({ kind: "hold" });
      const before = await runtime.containerStatus(container);
      await runtime.startContainer(container).catch((error: unknown) => {
        expect(error).toMatchObject({ code: "FailedPrecondition" });
      });
      expect(await runtime.containerStatus(container)).toEqual(before);
      await runtime.stopContainer(container, 0);
      await expect(runtime.startContainer(container)).rejects.toMatchObject({ code: "FailedPrecondition" });
      expect((await runtime.containerStatus(container)).state).toBe("exited");
    });

    test("stopContainer() with no time kills, resolves when it has exited, and may be repeated", async () => {
      const { runtime } = bench();
      const { container } = await bench().start({ kind: bench().can({ kind: "stubborn" }) ? "stubborn" : "hold" });
      await runtime.stopContainer(container, 0);
      const status = await runtime.containerStatus(container);
      expect(status).toMatchObject({ state: "exited" });
      expect(status.exitCode).toBeGreaterThan(128);
      await runtime.stopContainer(container, 0);
      await runtime.stopContainer(container, 10_000);
      expect(await runtime.containerStatus(container)).toEqual(status);
    });

    test("stopContainer() gives one that obeys no more time than it needs", async () => {
      const { runtime } = bench();
      const { container } = await bench().start({ kind: "hold" });
      const startedAtMs = performance.now();
      await runtime.stopContainer(container, 60_000);
      expect(performance.now() - startedAtMs).toBeLessThan(30_000);
      expect((await runtime.containerStatus(container)).state).toBe("exited");
    });

    test("stopContainer() waits its time for one that does not obey, then kills it", async (context) => {
      const { runtime } = bench();
      if (!bench().can({ kind: "stubborn" }))
        return context.skip("not applicable: the runtime knows no container that disobeys");
      const { container } = await bench().start({ kind: "stubborn" });
      const startedAtMs = performance.now();
      await runtime.stopContainer(container, 300);
      expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(290);
      expect(await runtime.containerStatus(container)).toMatchObject({ state: "exited", exitCode: 137 });
    });

    test("stopContainer() again with less time shortens the first", async (context) => {
      const { runtime } = bench();
      if (!bench().can({ kind: "stubborn" }))
        return context.skip("not applicable: the runtime knows no container that disobeys");
      const { container } = await bench().start({ kind: "stubborn" });
      const first = runtime.stopContainer(container, 60_000);
      await runtime.stopContainer(container, 0);
      await first;
      expect((await runtime.containerStatus(container)).exitCode).toBe(137);
    });

    test("stopContainer() of a container that never started ends it", async () => {
      const { runtime } = bench();
      const sandbox = await runtime.runPodSandbox(bench().sandboxConfig());
      const id = await runtime.createContainer(sandbox, bench().containerConfig({ kind: "hold" }));
      await runtime.stopContainer(id, 10_000);
      expect(await runtime.containerStatus(id)).toMatchObject({ state: "exited", startedAtMs: 0 });
    });

    test("removeContainer() takes created, running and exited ones, and may be repeated", async () => {
      const { runtime } = bench();
      const { sandbox, container } = await bench().start({ kind: "hold" });
      const created = await runtime.createContainer(sandbox, bench().containerConfig({ kind: "hold" }, { attempt: 1 }));
      for (const id of [container, created, container]) await runtime.removeContainer(id);
      expect(await runtime.listContainers({ sandboxId: sandbox })).toEqual([]);
      const ended = await runtime.createContainer(sandbox, bench().containerConfig({ kind: "exit", code: 3 }));
      await runtime.startContainer(ended);
      await bench().exited(ended);
      await runtime.removeContainer(ended);
      expect(await runtime.listContainers({ sandboxId: sandbox })).toEqual([]);
      expect((await runtime.podSandboxStatus(sandbox)).state).toBe("ready");
    });

    test("containerStats() of a running container counts up", async () => {
      const { runtime } = bench();
      const { container } = await bench().start({ kind: "hold" });
      const first = await runtime.containerStats(container);
      expect(first.containerId).toBe(container);
      const second = await runtime.containerStats(container);
      expect(second.cpuUsageNanoseconds).toBeGreaterThanOrEqual(first.cpuUsageNanoseconds);
    });

    test("output is in the log file in the CRI format when the container has ended", async (context) => {
      if (bench().subject.writesLogs === false) return context.skip("not applicable: the runtime writes no logs");
      const lines = ["one", "", "three words here"];
      const { container } = await bench().start({ kind: "print", lines });
      const { logPath } = await bench().exited(container);
      const entries = (await readFile(logPath, "utf8")).split("\n");
      expect(entries.pop()).toBe("");
      expect(entries.map((line) => entry.exec(line)?.[1])).toEqual(lines);
    });

    test("reopenContainerLog() makes a log that was moved away anew", async (context) => {
      const { runtime, subject } = bench();
      if (subject.writesLogs === false) return context.skip("not applicable: the runtime writes no logs");
      const { container } = await bench().start({ kind: "hold" });
      const { logPath } = await runtime.containerStatus(container);
      await eventually("The log file", async () => (await readFile(logPath)) !== undefined);
      await rename(logPath, `${logPath}.1`);
      await runtime.reopenContainerLog(container);
      await runtime.reopenContainerLog(container);
      await runtime.stopContainer(container, 0);
    });
  });
}
