import type { Pod } from "@wherry/kubernetes";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { admitPod } from "../../src/admission/admit-pod.ts";
import type { NodeFacts } from "../../src/ports/node-facts.ts";
import { KubeletHarness, nodeFacts, podOf } from "../support/kubelet-harness.ts";

const asking = (name: string, cpu: string, restartPolicy = "Always"): Pod =>
  podOf(name, { restartPolicy }, { resources: { requests: { cpu } } });

describe("room on the node after a restart of the kubelet", () => {
  let kubelet: KubeletHarness;
  let node: NodeFacts;

  beforeEach(() => {
    node = { ...nodeFacts, allocatable: { cpu: "4", pods: "110" } };
    kubelet = new KubeletHarness({ admit: (pod, others) => admitPod(pod, others, node) });
    kubelet.start();
  });

  afterEach(() => kubelet.stop());

  const phase = (name: string) => kubelet.status(name).phase;

  /** A pod that has ended, whose place another one has, and of which the API still shows that it runs. */
  async function endUnheard(): Promise<void> {
    kubelet.api.create(asking("batch", "3", "Never"));
    await kubelet.settle();
    kubelet.api.down = true;
    kubelet.runtime.exit(kubelet.runtime.find("batch", "main").id, 0);
    // The longest time between two tries to write.
    await kubelet.advance(60_000);
    kubelet.api.down = false;
    kubelet.api.create(asking("web", "3"));
    await kubelet.settle();
  }

  test("a pod that took the place of one whose end was never written goes on and is not refused", async () => {
    await endUnheard();
    expect([phase("batch"), phase("web")]).toEqual(["Running", "Running"]);
    const { id } = kubelet.runtime.find("web", "main");
    await kubelet.restart();
    await kubelet.advance(10_000);
    expect([phase("batch"), phase("web")]).toEqual(["Succeeded", "Running"]);
    expect(kubelet.runtime.find("web", "main")).toMatchObject({ id, state: "running" });
    expect(kubelet.reasons("web")).not.toContain("OutOfcpu");
  });

  test("nor is one of which the API has not heard yet that it runs", async () => {
    kubelet.api.create(asking("batch", "3", "Never"));
    await kubelet.settle();
    kubelet.api.down = true;
    kubelet.runtime.exit(kubelet.runtime.find("batch", "main").id, 0);
    await kubelet.settle();
    // The watch goes on, as where an API server answers but cannot write.
    kubelet.api.create(asking("web", "3"));
    await kubelet.settle();
    const { id } = kubelet.runtime.find("web", "main");
    expect(kubelet.status("web").startTime).toBeUndefined();
    await kubelet.stop();
    kubelet.api.down = false;
    kubelet.start();
    await kubelet.advance(10_000);
    expect([phase("batch"), phase("web")]).toEqual(["Succeeded", "Running"]);
    expect(kubelet.runtime.find("web", "main")).toMatchObject({ id, state: "running" });
  });

  test("a pod is refused beside one that is seen to go on, where the node has less to give than before", async () => {
    for (const name of ["first", "second"]) kubelet.api.create(asking(name, "2"));
    await kubelet.settle();
    await kubelet.stop();
    node = { ...node, allocatable: { cpu: "3", pods: "110" } };
    kubelet.start();
    await kubelet.advance(10_000);
    expect(phase("first")).toBe("Running");
    expect(kubelet.status("second")).toMatchObject({ phase: "Failed", reason: "OutOfcpu" });
  });

  test("a pod that waits for that answer ends at once when it is deleted", async () => {
    await endUnheard();
    await kubelet.stop();
    kubelet.start();
    kubelet.api.delete("web");
    await kubelet.advance(1000);
    expect(kubelet.api.deletions).toEqual(["web"]);
  });
});
