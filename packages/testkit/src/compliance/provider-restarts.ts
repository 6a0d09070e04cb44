import type { EdgeTable } from "@wherry/machine";
import { describe, expect, test } from "vitest";
import { isRunning, type ProviderBench, statusOf } from "./provider-bench.ts";
import { untilUnlisted } from "./provider-pods.ts";

export function restartTests<E extends EdgeTable, Context>(bench: () => ProviderBench<E, Context>): void {
  const running = (name: string) => bench().observer.until(name, "running", (pod) => isRunning(pod));

  describe("another life of the kubelet", () => {
    test("what runs goes on with the same instance, and can be ended", async () => {
      await bench().create("survives", { kind: "hold" }, { restartPolicy: "Always" });
      const before = await running("survives");
      const uid = before.metadata?.uid ?? "";
      await bench().restart();
      expect(await bench().provider.listPods?.()).toContain(uid);
      // Something that only the new life can do, after which it has looked at every pod.
      await bench().create("witness", { kind: "exit", code: 0 });
      await bench().observer.untilPhase("witness", "Succeeded");
      expect(statusOf(bench().observer.pod("survives"))).toEqual(statusOf(before));
      await bench().delete("survives");
      await bench().observer.untilGone("survives");
      await untilUnlisted(bench(), uid);
    });

    test("what ended meanwhile is told with its exit code, and restarted by its policy", async () => {
      await bench().create("ended", { kind: "hold" });
      await bench().create("renewed", { kind: "hold" }, { restartPolicy: "Always" });
      const ended = await running("ended");
      const renewed = await running("renewed");
      await bench().restart(async () => {
        for (const { metadata } of [ended, renewed]) await bench().subject.kill(metadata?.uid ?? "", "main");
      });
      const pod = await bench().observer.untilPhase("ended", "Failed");
      expect(statusOf(pod)).toMatchObject({ restartCount: 0, state: { terminated: { reason: "Error" } } });
      expect(statusOf(pod).state?.terminated?.exitCode).toBeGreaterThan(128);
      const again = await bench().observer.until("renewed", "restarted", (found) => statusOf(found).restartCount === 1);
      expect(statusOf(again).lastState?.terminated?.exitCode).toBeGreaterThan(128);
    });

    test("a pod that was over stays over", async () => {
      await bench().create("over", { kind: "exit", code: 3 });
      const before = await bench().observer.untilPhase("over", "Failed");
      await bench().restart();
      await bench().create("witness-2", { kind: "exit", code: 0 });
      await bench().observer.untilPhase("witness-2", "Succeeded");
      expect(bench().observer.pod("over")?.status).toEqual(before.status);
    });

    test("a pod deleted meanwhile is ended, whether the kubelet had seen it or not", async () => {
      await bench().create("known", { kind: "hold" });
      const known = await running("known");
      await bench().restart(async () => {
        await bench().delete("known");
        await bench().create("unknown", { kind: "hold" });
        await bench().delete("unknown");
      });
      await bench().observer.untilGone("known");
      await bench().observer.untilGone("unknown");
      await untilUnlisted(bench(), known.metadata?.uid ?? "");
    });

    test("what is left of a pod whose object is gone is removed", async () => {
      await bench().create("orphan", { kind: "hold" });
      const { metadata } = await running("orphan");
      await bench().restart(async () => {
        await bench().delete("orphan", 0);
        await bench().observer.untilGone("orphan");
      });
      await untilUnlisted(bench(), metadata?.uid ?? "");
    });

    test("a pod whose start was cut short is started once", async () => {
      await bench().create("interrupted", { kind: "hold" });
      await bench().restart();
      const pod = await running("interrupted");
      expect(statusOf(pod).restartCount).toBeLessThanOrEqual(1);
      await bench().delete("interrupted");
      await bench().observer.untilGone("interrupted");
    });
  });
}
