import type { Pod } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { admitPod } from "../../src/admission/admit-pod.ts";
import { nodeFacts, podOf } from "../support/kubelet-harness.ts";

const requests = (amounts: Record<string, string>) => podOf("p", {}, { resources: { requests: amounts } });
const port = (hostPort: number, more: object = {}): Pod =>
  podOf("p", {}, { ports: [{ containerPort: 80, hostPort, ...more }] });
const initPort = (hostPort: number, restartPolicy?: "Always"): Pod =>
  podOf("p", {
    initContainers: [
      { name: "first", ports: [{ containerPort: 80, hostPort }], ...(restartPolicy && { restartPolicy }) },
    ],
  });
const taint = { key: "dedicated", value: "db", effect: "NoExecute" };

describe("admitPod()", () => {
  test.each<[string, Pod, Pod[], Partial<typeof nodeFacts>, string | undefined]>([
    ["a plain pod", podOf("p"), [], {}, undefined],
    ["too much cpu", requests({ cpu: "5" }), [], {}, "OutOfcpu"],
    ["cpu that others use", requests({ cpu: "3" }), [requests({ cpu: "1500m" })], {}, "OutOfcpu"],
    ["cpu that just fits", requests({ cpu: "2500m" }), [requests({ cpu: "1500m" })], {}, undefined],
    ["too much memory", requests({ memory: "9Gi" }), [], {}, "OutOfmemory"],
    ["the first of several", requests({ cpu: "5", memory: "9Gi" }), [], {}, "OutOfcpu"],
    ["one pod too many", podOf("p"), [podOf("q")], { allocatable: { pods: "1" } }, "OutOfpods"],
    ["an unknown extended resource", requests({ "example.com/x": "1" }), [], {}, undefined],
    [
      "a resource named as something of every object",
      requests({ constructor: "1" } as unknown as Record<string, string>),
      [requests({ constructor: "1" } as unknown as Record<string, string>)],
      {},
      undefined,
    ],
    [
      "too much of a known one",
      requests({ "example.com/x": "2" }),
      [],
      { allocatable: { "example.com/x": "1" } },
      "OutOfexample.com/x",
    ],
    ["another node's name", podOf("p", { nodeName: "other" }), [], {}, "NodeName"],
    ["a selector without match", podOf("p", { nodeSelector: { disk: "ssd" } }), [], {}, "NodeAffinity"],
    [
      "a selector with match",
      podOf("p", { nodeSelector: { disk: "ssd" } }),
      [],
      { labels: { disk: "ssd" } },
      undefined,
    ],
    [
      "affinity without match",
      podOf("p", {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: "zone", operator: "In", values: ["a"] }] }],
            },
          },
        },
      }),
      [],
      {},
      "NodeAffinity",
    ],
    [
      "resources before affinity",
      podOf("p", { nodeName: "other" }, { resources: { requests: { cpu: "5" } } }),
      [],
      {},
      "OutOfcpu",
    ],
    ["a taken host port", port(80), [port(80)], {}, "NodePorts"],
    ["a host port of another protocol", port(80), [port(80, { protocol: "UDP" })], {}, undefined],
    [
      "a host port on another address",
      port(80, { hostIP: "127.0.0.1" }),
      [port(80, { hostIP: "127.0.0.2" })],
      {},
      undefined,
    ],
    ["a host port of an init container that ends", initPort(80), [port(80)], {}, undefined],
    ["a host port beside an init container that ends", port(80), [initPort(80)], {}, undefined],
    ["a host port of a sidecar", initPort(80, "Always"), [port(80)], {}, "NodePorts"],
    ["a host port on any address", port(80), [port(80, { hostIP: "127.0.0.2" })], {}, "NodePorts"],
    ["another OS", podOf("p", { os: { name: "windows" } }), [], {}, "PodOSNotSupported"],
    [
      "another OS label",
      podOf("p", { nodeSelector: { "kubernetes.io/os": "windows" } }),
      [],
      {},
      "PodOSSelectorNodeLabelDoesNotMatch",
    ],
    ["a NoExecute taint", podOf("p"), [], { taints: [taint] }, "TaintToleration"],
    ["a NoSchedule taint", podOf("p"), [], { taints: [{ ...taint, effect: "NoSchedule" }] }, undefined],
    ["a tolerated taint", podOf("p", { tolerations: [{ operator: "Exists" }] }), [], { taints: [taint] }, undefined],
  ])("admitPod() of %s", (_name, pod, others, node, reason) => {
    const refusal = admitPod(pod, others, { ...nodeFacts, ...node });
    expect(refusal?.reason).toBe(reason);
  });

  test("admitPod() names requested, used and capacity as upstream does", () => {
    expect(admitPod(requests({ cpu: "3" }), [requests({ cpu: "1500m" })], nodeFacts)?.message).toBe(
      "Node didn't have enough resource: cpu, requested: 3000, used: 1500, capacity: 4000",
    );
  });
});
