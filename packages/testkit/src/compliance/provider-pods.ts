import { parseQuantity, quantityMilliValue } from "@wherry/kubernetes";
import type { EdgeTable } from "@wherry/machine";
import { describe, expect, test } from "vitest";
import { eventually } from "../processes/peer-process.ts";
import { isRunning, type ProviderBench, statusOf } from "./provider-bench.ts";

export function podTests<E extends EdgeTable, Context>(bench: () => ProviderBench<E, Context>): void {
  const running = (name: string) => bench().observer.until(name, "running", (pod) => isRunning(pod));

  describe("pods", () => {
    test("the node says what the provider says of it, and is Ready", async () => {
      const { observer, nodeName, provider } = bench();
      const details = await provider.nodeDetails();
      const node = await observer.untilNode(nodeName, "Ready", ({ status }) =>
        (status?.conditions ?? []).some((condition) => condition.type === "Ready" && condition.status === "True"),
      );
      expect(node.status?.nodeInfo).toMatchObject({ containerRuntimeVersion: details.runtimeVersion });
      expect(details.runtimeVersion).toMatch(/^[a-z0-9.-]+:\/\/.+$/);
      for (const [label, value] of Object.entries(details.labels ?? {}))
        expect(node.metadata?.labels?.[label]).toBe(value);
      for (const term of (await provider.health?.()) ?? []) expect(term).toMatchObject({ healthy: true });
    });

    test("a pod that ends well succeeds, and its phases never go back", async () => {
      await bench().create("succeeds", { kind: "exit", code: 0 });
      const pod = await bench().observer.untilPhase("succeeds", "Succeeded");
      const { state, containerID = "" } = statusOf(pod);
      expect(state?.terminated).toMatchObject({ exitCode: 0, reason: "Completed", containerID });
      expect(containerID).toMatch(/^[a-z0-9.-]+:\/\/.+$/);
      expect(pod.status?.hostIP).not.toBe("");
      const order = ["Pending", "Running", "Succeeded"];
      const phases = bench()
        .observer.history("succeeds")
        .map(({ status }) => order.indexOf(status?.phase ?? ""));
      expect(phases).toEqual(phases.toSorted((left, right) => left - right));
    });

    test.each([1, 42, 255])("a pod that exits with %i fails with that", async (code) => {
      const name = `fails-${code}`;
      await bench().create(name, { kind: "exit", code });
      const pod = await bench().observer.untilPhase(name, "Failed");
      expect(statusOf(pod).state?.terminated).toMatchObject({ exitCode: code, reason: "Error" });
    });

    test("a pod that holds is running and ready, with the same instance for as long", async () => {
      await bench().create("holds", { kind: "hold" });
      const pod = await running("holds");
      expect(pod.status?.phase).toBe("Running");
      const ready = await bench().observer.until("holds", "Ready", ({ status }) =>
        (status?.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True"),
      );
      expect(statusOf(ready)).toMatchObject({ ready: true, started: true, restartCount: 0 });
      expect(await bench().provider.listPods?.()).toContain(pod.metadata?.uid);
    });

    test("init containers run before, one after another, and a failing one fails the pod", async () => {
      const exit = (code: number) => ({ kind: "exit", code }) as const;
      const initContainers = ["first", "second"].map((name) => bench().container(exit(0), name));
      await bench().create("initialised", exit(0), { initContainers });
      const pod = await bench().observer.untilPhase("initialised", "Succeeded");
      const times = ["first", "second", "main"].map((name) => statusOf(pod, name).state?.terminated);
      for (const [index, end] of times.slice(0, -1).entries())
        expect(Date.parse(end?.finishedAt ?? "")).toBeLessThanOrEqual(Date.parse(times[index + 1]?.startedAt ?? ""));
      const failing = bench().container(exit(3), "first");
      await bench().create("uninitialised", { kind: "hold" }, { initContainers: [failing] });
      const failed = await bench().observer.untilPhase("uninitialised", "Failed");
      expect(statusOf(failed, "first").state?.terminated?.exitCode).toBe(3);
      expect(statusOf(failed).state?.running).toBeUndefined();
    });

    test("several containers run beside each other, and the pod is over when all are", async () => {
      await bench().create("several", [{ kind: "hold" }, { kind: "exit", code: 0 }]);
      const pod = await bench().observer.until(
        "several",
        "one ended, one running",
        (found) => isRunning(found) && statusOf(found, "main-1").state?.terminated !== undefined,
      );
      expect(pod.status?.phase).toBe("Running");
      await bench().subject.kill(pod.metadata?.uid ?? "", "main");
      const ended = await bench().observer.untilPhase("several", "Failed");
      expect(statusOf(ended).state?.terminated?.exitCode).not.toBe(0);
    });

    test("a failing container is started again with back-off, and what it was is its last state", async () => {
      await bench().create("restarts", { kind: "exit", code: 5 }, { restartPolicy: "Always" });
      const waiting = await bench().observer.until(
        "restarts",
        "CrashLoopBackOff after a restart",
        (pod) => pod.status?.containerStatuses?.[0]?.state?.waiting?.reason === "CrashLoopBackOff",
      );
      expect(statusOf(waiting).lastState?.terminated?.exitCode).toBe(5);
      await bench().observer.until("restarts", "two restarts", (pod) => statusOf(pod).restartCount >= 2);
      const history = bench().observer.history("restarts");
      const counts = history.flatMap(({ status }) => status?.containerStatuses?.[0]?.restartCount ?? []);
      expect(counts).toEqual(counts.toSorted((left, right) => left - right));
      expect(history.every(({ status }) => status?.phase !== "Failed")).toBe(true);
    });

    test("a pod with OnFailure is started again until it ends well", async () => {
      await bench().create("once", { kind: "exit", code: 0 }, { restartPolicy: "OnFailure" });
      const pod = await bench().observer.untilPhase("once", "Succeeded");
      expect(statusOf(pod).restartCount).toBe(0);
    });

    test("many pods at once each come to their own end", async () => {
      const codes = Array.from({ length: 8 }, (_, index) => index);
      await Promise.all(codes.map((code) => bench().create(`many-${code}`, { kind: "exit", code })));
      const ends = await Promise.all(
        codes.map((code) => bench().observer.untilPhase(`many-${code}`, code === 0 ? "Succeeded" : "Failed")),
      );
      expect(ends.map((pod) => statusOf(pod).state?.terminated?.exitCode)).toEqual(codes);
    });

    test("a pod over its deadline ends with DeadlineExceeded", async () => {
      await bench().create("late", { kind: "hold" }, { activeDeadlineSeconds: 2 });
      const pod = await bench().observer.untilPhase("late", "Failed");
      expect(pod.status?.reason).toBe("DeadlineExceeded");
      expect(statusOf(pod).state?.running).toBeUndefined();
    });

    test("a pod that a critical one needs the room of ends with Preempting, and only then the other runs", async () => {
      const { observer, nodeName } = bench();
      const { allocatable } = observer.node(nodeName)?.status ?? {};
      const cpu = quantityMilliValue(parseQuantity(allocatable?.["cpu"] ?? "0"));
      const resources = { requests: { cpu: `${Math.ceil(cpu * 0.6)}m` } };
      const spec = { containers: [{ ...bench().container({ kind: "hold" }, "main"), resources }] };
      await bench().create("displaced", [], spec);
      await running("displaced");
      await bench().create("critical", [], { ...spec, priorityClassName: "system-node-critical" });
      const displaced = await observer.untilPhase("displaced", "Failed");
      expect(displaced.status).toMatchObject({
        reason: "Preempting",
        conditions: expect.arrayContaining([expect.objectContaining({ type: "DisruptionTarget", status: "True" })]),
      });
      const started = statusOf(await running("critical")).state?.running?.startedAt ?? "";
      const finished = statusOf(displaced).state?.terminated?.finishedAt ?? "";
      expect(Date.parse(started)).toBeGreaterThanOrEqual(Date.parse(finished));
    });

    test("what the provider cannot run is refused, with a reason and an event, the same each time", async (context) => {
      const { subject, provider, observer } = bench();
      if (subject.refused === undefined)
        return context.skip("not applicable: the subject names nothing that it refuses");
      const created = await bench().create("refused", { kind: "hold" }, subject.refused);
      const pod = await observer.untilPhase("refused", "Failed");
      const refusal = provider.admit?.(created);
      expect(provider.admit?.(created)).toEqual(refusal);
      expect(refusal?.reason).toMatch(/^[A-Z][A-Za-z]+$/);
      expect(pod.status).toMatchObject({ reason: refusal?.reason, message: `Pod was rejected: ${refusal?.message}` });
      const event = await observer.untilEvent("refused", refusal?.reason ?? "");
      expect(event.message).toBe(refusal?.message);
      expect(await provider.listPods?.()).not.toContain(created.metadata?.uid);
    });
  });

  describe("deletion", () => {
    test("a deleted pod is stopped within its grace period, and only then its object goes", async () => {
      await bench().create("deleted", { kind: "hold" });
      const { metadata } = await running("deleted");
      await bench().delete("deleted");
      await bench().observer.untilGone("deleted");
      const last = bench().observer.history("deleted").at(-1);
      expect(last?.metadata?.uid).toBe(metadata?.uid);
      expect(statusOf(last).state?.terminated).toBeDefined();
    });

    test("one that does not obey is killed at the end of its grace period", async (context) => {
      if (!bench().can({ kind: "stubborn" }))
        return context.skip("not applicable: the provider knows no container that disobeys");
      await bench().create("stubborn", { kind: "stubborn" }, { terminationGracePeriodSeconds: 2 });
      await running("stubborn");
      await bench().delete("stubborn");
      await bench().observer.untilGone("stubborn");
      expect(statusOf(bench().observer.history("stubborn").at(-1)).state?.terminated?.exitCode).toBe(137);
    });

    test("a grace period is shortened by a second deletion", async (context) => {
      if (!bench().can({ kind: "stubborn" }))
        return context.skip("not applicable: the provider knows no container that disobeys");
      await bench().create("shortened", { kind: "stubborn" }, { terminationGracePeriodSeconds: 600 });
      await running("shortened");
      await bench().delete("shortened");
      await bench().observer.until("shortened", "deleted", ({ metadata }) => metadata?.deletionTimestamp !== undefined);
      await bench().delete("shortened", 1);
      await bench().observer.untilGone("shortened");
    });

    test("a pod deleted by force is ended all the same, and nothing of it stays", async () => {
      await bench().create("forced", { kind: "hold" });
      const pod = await running("forced");
      await bench().delete("forced", 0);
      await bench().observer.untilGone("forced");
      await untilUnlisted(bench(), pod.metadata?.uid ?? "");
    });

    test("a pod deleted as soon as it is made comes to an end", async () => {
      const pod = await bench().create("fleeting", { kind: "hold" });
      await bench().delete("fleeting");
      await bench().observer.untilGone("fleeting");
      await untilUnlisted(bench(), pod.metadata?.uid ?? "");
    });

    test("removePod() of an unknown pod succeeds, also twice", async () => {
      await bench().provider.removePod?.("no-such-uid");
      await bench().provider.removePod?.("no-such-uid");
    });
  });

  describe("logs", () => {
    /** Why logs are not tested; undefined where they are. */
    const withoutLogs = () =>
      bench().subject.writesLogs === false || bench().provider.containerLog === undefined
        ? "not applicable: the provider has no logs"
        : undefined;
    const withoutPrints = () =>
      withoutLogs() ??
      (bench().can({ kind: "print", lines: [] })
        ? undefined
        : "not applicable: the provider knows no container that prints");

    test("output of a pod can be read while its object is there, and followed to its end", async (context) => {
      const reason = withoutPrints();
      if (reason !== undefined) return context.skip(reason);
      await bench().create("prints", { kind: "print", lines: ["one", "", "three words here"] });
      await bench().observer.untilPhase("prints", "Succeeded");
      expect(await bench().log("prints")).toBe("one\n\nthree words here\n");
      expect(await bench().log("prints", "?follow=true&tailLines=1")).toBe("three words here\n");
    });

    test("the log of the instance before is there after a restart", async (context) => {
      const reason = withoutPrints();
      if (reason !== undefined) return context.skip(reason);
      await bench().create("reprints", { kind: "print", lines: ["again"] }, { restartPolicy: "Always" });
      await bench().observer.until(
        "reprints",
        "a restart",
        (pod) => (pod.status?.containerStatuses?.[0]?.restartCount ?? 0) > 0,
      );
      expect(await bench().log("reprints", "?previous=true")).toBe("again\n");
    });

    test("logs of unknown containers and pods are refused", async (context) => {
      const reason = withoutLogs();
      if (reason !== undefined) return context.skip(reason);
      const { provider } = bench();
      const missing = { podUid: "no-such-uid", container: "main" };
      expect(await provider.containerLog?.(missing, { previous: false })).toMatchObject({ status: 404 });
      const { metadata } = await bench().create("quiet", { kind: "hold" });
      await running("quiet");
      const target = { podUid: metadata?.uid ?? "", container: "main" };
      expect(await provider.containerLog?.({ ...target, container: "other" }, { previous: false })).toMatchObject({
        status: 404,
      });
      expect(await provider.containerLog?.(target, { previous: true })).toMatchObject({ status: 400 });
    });

    test("logs of running containers are named for rotation", async (context) => {
      const { provider } = bench();
      const reason =
        withoutLogs() ?? (provider.activeLogs ? undefined : "not applicable: the provider rotates no logs");
      if (reason !== undefined) return context.skip(reason);
      const { metadata } = await bench().create("rotated", { kind: "hold" });
      await running("rotated");
      const log = await provider.containerLog?.(
        { podUid: metadata?.uid ?? "", container: "main" },
        { previous: false },
      );
      expect(log).toMatchObject({ path: expect.any(String) });
      expect(provider.activeLogs?.()).toContainEqual(expect.objectContaining({ path: (log as { path: string }).path }));
    });
  });
}

/** Resolves when the provider has nothing of the pod any more. */
export async function untilUnlisted<E extends EdgeTable, Context>(
  bench: ProviderBench<E, Context>,
  uid: string,
): Promise<void> {
  await eventually(
    `The end of pod ${uid} in listPods()`,
    async () => !(await bench.provider.listPods?.())?.includes(uid),
  );
}
