import type { Pod, PodSpec } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { checkStaticPod } from "../../../src/pods/static/check-pod.ts";

const podWith = (spec: Partial<PodSpec>): Pod => ({
  metadata: { name: "web" },
  spec: { containers: [{ name: "a", image: "b" }], ...spec },
});
const problemsOf = (pod: Pod) => checkStaticPod(pod, "n").map(({ field, message }) => `${field}: ${message}`);

// What is refused of all pods has its own tests, in packages/kubernetes.
describe("checkStaticPod()", () => {
  test("takes a plain pod, and leaves it as it is", () => {
    const pod = podWith({});
    expect(problemsOf(pod)).toEqual([]);
    expect(pod).toEqual(podWith({}));
  });

  test.each<[string, Partial<PodSpec>]>([
    ["spec.tolerations[0].operator", { tolerations: [{ key: "a", operator: "Is" }] }],
    [
      "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms",
      {
        affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } },
      },
    ],
    ["spec.os", { os: { name: "plan9" } }],
    ["spec.hostAliases[0].ip", { hostAliases: [{ ip: "a" }] }],
    ["spec.ephemeralContainers", { ephemeralContainers: [{ name: "e", image: "b" }] }],
    ["spec.nodeName", { schedulingGates: [{ name: "g" }] }],
  ])("refuses what the API server does: %s", (field, spec) => {
    expect(problemsOf(podWith(spec))).toEqual([expect.stringMatching(new RegExp(`^${RegExp.escape(field)}: `))]);
  });

  test("counts the name of the node as part of the pod's", () => {
    const pod = { ...podWith({}), metadata: { name: "a".repeat(250) } };
    expect(problemsOf(pod)).toEqual([]);
    expect(checkStaticPod(pod, "node").map(({ field }) => field)).toEqual(["metadata.name"]);
  });

  test("looks at a toleration that the kubelet would add, where it is not quite that", () => {
    const tolerations = [{ operator: "Exists", effect: "NoExecute", value: "a" }];
    expect(problemsOf(podWith({ tolerations }))).toHaveLength(1);
  });
});
