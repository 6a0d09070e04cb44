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
    ["huge pages that the node does not have", requests({ "hugepages-2Mi": "4Mi" }), [], {}, "OutOfhugepages-2Mi"],
    [
      "huge pages that it has",
      requests({ "hugepages-2Mi": "4Mi" }),
      [],
      { allocatable: { "hugepages-2Mi": "4Mi" } },
      undefined,
    ],
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
    const answer = admitPod(pod, others, { ...nodeFacts, ...node });
    expect(answer).toEqual(reason === undefined ? undefined : { reason, message: expect.any(String) });
  });

  test("admitPod() names requested, used and capacity as upstream does", () => {
    expect(admitPod(requests({ cpu: "3" }), [requests({ cpu: "1500m" })], nodeFacts)).toEqual({
      reason: "OutOfcpu",
      message: "Node didn't have enough resource: cpu, requested: 3000, used: 1500, capacity: 4000",
    });
  });
});

describe("admitPod() of a critical pod", () => {
  const critical = (amounts: Record<string, string>, spec: object = {}) =>
    podOf("critical", { priority: 2_000_000_000, ...spec }, { resources: { requests: amounts } });
  const half = podOf("half", { priority: 0 }, { resources: { requests: { cpu: "2", memory: "4Gi" } } });
  const full = { ...nodeFacts, allocatable: { cpu: "2", memory: "4Gi", pods: "1", "example.com/x": "1" } };

  test.each<[string, Record<string, string>, string]>([
    ["cpu", { cpu: "1" }, "pods"],
    ["nothing but a place", {}, "pods"],
  ])("admitPod() takes %s from another", (_name, amounts, signal) => {
    expect(admitPod(critical(amounts), [half], full)).toEqual({ victims: [half], signal });
  });

  test("admitPod() counts the first resource that is short", () => {
    const node = { ...full, allocatable: { ...full.allocatable, pods: "9" } };
    expect(admitPod(critical({ cpu: "1", memory: "1Gi" }), [half], node)).toEqual({ victims: [half], signal: "cpu" });
    expect(admitPod(critical({ memory: "1Gi" }), [half], node)).toEqual({ victims: [half], signal: "memory" });
  });

  test("admitPod() takes extended resources too", () => {
    const holder = podOf("holder", {}, { resources: { requests: { "example.com/x": "1" } } });
    const node = { ...full, allocatable: { "example.com/x": "1" } };
    const answer = admitPod(critical({ "example.com/x": "1" }), [half, holder], node);
    expect(answer).toEqual({ victims: [holder], signal: "example.com/x" });
  });

  test("admitPod() of a static pod takes from pods of the API", () => {
    const annotations = { "kubernetes.io/config.source": "file" };
    const pod = requests({ cpu: "1" });
    const fromFile = { ...pod, metadata: { ...pod.metadata, annotations } };
    expect(admitPod(fromFile, [half], full)).toMatchObject({ victims: [half] });
    expect(admitPod(pod, [half], full)).toMatchObject({ reason: "OutOfpods" });
  });

  test("admitPod() takes nothing where another reason refuses the pod, and says that one", () => {
    const other = critical({ cpu: "1" }, { nodeSelector: { disk: "ssd" } });
    expect(admitPod(other, [half], full)).toMatchObject({ reason: "NodeAffinity" });
    const taints = [taint];
    expect(admitPod(critical({ cpu: "1" }), [half], { ...full, taints })).toMatchObject({ reason: "TaintToleration" });
    const windows = critical({ cpu: "1" }, { os: { name: "windows" } });
    expect(admitPod(windows, [half], full)).toMatchObject({ reason: "PodOSNotSupported" });
  });

  test("admitPod() says what is wanted beyond all that may be taken", () => {
    const node = { ...full, allocatable: { cpu: "2500m", memory: "4Gi", pods: "9" } };
    const important = { ...half, spec: { ...half.spec, containers: [], priority: 2_000_000_000 } };
    const answer = admitPod(critical({ cpu: "5", memory: "5Gi" }), [half, important], node);
    expect(answer).toEqual({
      reason: "UnexpectedAdmissionError",
      message:
        "Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to preempt: no set of running pods found to reclaim resources: [(res: cpu, q: 2500), (res: memory, q: 1073741824), ]",
    });
  });
});
