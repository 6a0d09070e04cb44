import type { Pod } from "@wherry/kubernetes";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { admitPod } from "../../src/admission/admit-pod.ts";
import { KubeletHarness, nodeFacts, podOf } from "../support/kubelet-harness.ts";

const node = { ...nodeFacts, allocatable: { cpu: "4", pods: "110" } };
const holding = (name: string, cpu: string, priority = 0, graceSeconds = 20): Pod =>
  podOf(
    name,
    { priority, restartPolicy: "Always", terminationGracePeriodSeconds: graceSeconds },
    { resources: { requests: { cpu } } },
  );
const critical = (name: string, cpu: string, graceSeconds?: number): Pod =>
  holding(name, cpu, 2_000_000_000, graceSeconds);

describe("a critical pod on a full node", () => {
  let kubelet: KubeletHarness;

  beforeEach(() => {
    // What does not obey its stop signal ends with the grace period, which leaves time to look.
    kubelet = new KubeletHarness({
      runtime: { script: () => ({ obeysStop: false }) },
      admit: (pod, others) => admitPod(pod, others, node),
    });
    kubelet.start();
  });

  afterEach(() => kubelet.stop());

  /** What the API gives a new pod. */
  const untouched = { phase: "Pending", qosClass: "BestEffort" };
  const phase = (name: string) => kubelet.status(name).phase;
  const reason = (name: string) => kubelet.status(name).reason;
  const condition = (name: string, wanted: string) =>
    kubelet.status(name).conditions?.find(({ type }) => type === wanted);
  const metric = () => kubelet.metrics.render().match(/^kubelet_preemptions.*$/gm);

  async function create(...pods: readonly Pod[]): Promise<void> {
    for (const pod of pods) kubelet.api.create(pod);
    await kubelet.settle();
  }

  test("starts once those that make room have ended, and is not shown before", async () => {
    await create(holding("small", "1"), holding("large", "2"));
    await create(critical("urgent", "3"));
    expect([phase("small"), phase("large"), kubelet.status("urgent")]).toEqual(["Running", "Running", untouched]);
    expect(kubelet.reasons("large")).toContain("Preempting");
    await kubelet.advance(19_999);
    // A terminal phase is for pods of which nothing runs.
    expect([phase("large"), condition("large", "DisruptionTarget")]).toEqual(["Running", undefined]);
    expect(kubelet.status("urgent")).toEqual(untouched);
    await kubelet.advance(1);
    expect(kubelet.status("large")).toMatchObject({
      phase: "Failed",
      reason: "Preempting",
      message: "Preempted in order to admit critical pod",
    });
    expect(condition("large", "DisruptionTarget")).toMatchObject({
      status: "True",
      reason: "TerminationByKubelet",
      message: "Pod was preempted by Kubelet to accommodate a critical pod.",
    });
    expect([phase("small"), phase("urgent")]).toEqual(["Running", "Running"]);
    expect(kubelet.api.deletions).toEqual([]);
    expect(metric()).toEqual(['kubelet_preemptions{preemption_signal="cpu"} 1']);
  });

  test("what takes the place of a pod that was deleted by force waits for its end and is not refused", async () => {
    const first = holding("full", "3");
    await create(first);
    kubelet.api.delete("full", 0);
    await create({ ...first, metadata: { ...first.metadata, uid: "uid-full-2" } });
    expect(kubelet.status("full")).toEqual(untouched);
    await kubelet.advance(5000);
    expect(phase("full")).toBe("Running");
    expect(kubelet.reasons("full")).not.toContain("OutOfcpu");
  });

  test("ends nobody where what it may take is not enough", async () => {
    await create(holding("small", "1"), critical("important", "3"));
    await create(critical("urgent", "2"));
    expect(kubelet.status("urgent")).toMatchObject({ phase: "Failed", reason: "UnexpectedAdmissionError" });
    expect([phase("small"), phase("important")]).toEqual(["Running", "Running"]);
    expect([kubelet.reasons("urgent"), metric()]).toEqual([["UnexpectedAdmissionError"], null]);
  });

  test("is only waited for by those that need the same room", async () => {
    await create(holding("small", "500m"), holding("large", "3"));
    await create(critical("urgent", "2"));
    // Of 4 there are 0.5 of "small", 2 of the critical pod and, once "large" has ended, 1.5 for others.
    await create(holding("tiny", "0"), holding("next", "1"), holding("late", "1"));
    expect(phase("tiny")).toBe("Running");
    expect([kubelet.status("next"), reason("late")]).toEqual([untouched, "OutOfcpu"]);
    await kubelet.advance(20_000);
    expect([phase("urgent"), phase("next")]).toEqual(["Running", "Running"]);
  });

  test("leaves what another one has taken, and waits for both where both are needed", async () => {
    await create(holding("slow", "2", 0, 40), holding("quick", "2"));
    await create(critical("first", "2", 30));
    expect(
      [kubelet.reasons("quick"), kubelet.reasons("slow")].map((reasons) => reasons.includes("Preempting")),
    ).toEqual([true, false]);
    await create(critical("second", "2"));
    expect(kubelet.reasons("slow")).toContain("Preempting");
    await kubelet.advance(20_000);
    expect([phase("first"), kubelet.status("second")]).toEqual(["Running", untouched]);
    await kubelet.advance(20_000);
    expect([phase("first"), phase("second")]).toEqual(["Running", "Running"]);
    expect(metric()).toEqual(['kubelet_preemptions{preemption_signal="cpu"} 2']);
  });

  test("gives way itself to one of higher priority, also before it has started", async () => {
    await create(holding("victim", "4"));
    await create(critical("cluster", "4"));
    await create(holding("node", "4", 2_000_001_000));
    await kubelet.advance(0);
    expect(kubelet.status("cluster")).toMatchObject({ phase: "Failed", reason: "Preempting" });
    await kubelet.advance(20_000);
    expect([phase("victim"), phase("node")]).toEqual(["Failed", "Running"]);
    expect(kubelet.reasons("cluster")).toEqual(["Preempting"]);
  });

  test("goes at once when it is deleted before it could start", async () => {
    await create(holding("victim", "4"));
    await create(critical("urgent", "1"));
    kubelet.api.delete("urgent");
    await kubelet.settle();
    expect(kubelet.api.deletions).toEqual(["urgent"]);
    expect(kubelet.reasons("urgent")).toEqual([]);
    await kubelet.advance(20_000);
    expect(reason("victim")).toBe("Preempting");
  });

  test("ends one that is being deleted as any other, by its own grace period", async () => {
    await create(holding("victim", "4"));
    kubelet.api.delete("victim", 3600);
    await kubelet.settle();
    await create(critical("urgent", "1"));
    await kubelet.advance(20_000);
    expect([kubelet.api.deletions, phase("urgent")]).toEqual([["victim"], "Running"]);
    expect(kubelet.api.history.get("victim")?.at(-1)).toMatchObject({ phase: "Failed", reason: "Preempting" });
    expect(kubelet.reasons("victim")).toContain("Preempting");
  });

  test("waits for one that ends of its own accord, which succeeds", async () => {
    await create(podOf("job", { restartPolicy: "Never" }, { resources: { requests: { cpu: "4" } } }));
    const { injector } = kubelet.runtime;
    injector.plan = ({ verb }) => (verb === "stopPodSandbox" ? { kind: "delay", delayMs: 2000 } : undefined);
    kubelet.runtime.exit(kubelet.runtime.find("job", "main").id, 0);
    await kubelet.settle();
    await create(critical("urgent", "1"));
    expect(kubelet.status("urgent")).toEqual(untouched);
    await kubelet.advance(4_000);
    expect([phase("job"), reason("job"), phase("urgent")]).toEqual(["Succeeded", undefined, "Running"]);
  });

  test("waits for the end of others, not for the removal of their volumes", async () => {
    await create(holding("victim", "4"));
    kubelet.volumes.unmountError = new Error("EIO");
    await create(critical("urgent", "1"));
    await kubelet.advance(20_000);
    expect([phase("victim"), phase("urgent")]).toEqual(["Failed", "Running"]);
    kubelet.volumes.unmountError = undefined;
    await kubelet.advance(60_000);
  });

  test("does not use up its deadline while it waits", async () => {
    await create(holding("victim", "4", 0, 100));
    const urgent = critical("urgent", "1");
    await create({ ...urgent, spec: { containers: [], ...urgent.spec, activeDeadlineSeconds: 30 } });
    const labels = { seen: "again" };
    kubelet.api.update("urgent", (pod) => ({ ...pod, metadata: { ...pod.metadata, labels } }));
    await kubelet.advance(100_000);
    expect(phase("urgent")).toBe("Running");
    await kubelet.advance(29_000);
    expect(phase("urgent")).toBe("Running");
    await kubelet.advance(60_000);
    expect(kubelet.status("urgent")).toMatchObject({ phase: "Failed", reason: "DeadlineExceeded" });
  });

  test("comes in with the next kubelet where this one ends meanwhile", async () => {
    await create(holding("victim", "4"));
    await create(critical("urgent", "1"));
    await kubelet.advance(5_000);
    await kubelet.restart();
    expect(kubelet.status("urgent")).toEqual(untouched);
    await kubelet.advance(20_000);
    expect([reason("victim"), phase("urgent")]).toEqual(["Preempting", "Running"]);
  });
});
