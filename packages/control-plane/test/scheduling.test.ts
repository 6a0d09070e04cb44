import type { Container, Node, Pod, PodSpec } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { findMismatches, freeShare, unschedulableMessage } from "../src/scheduler/filters.ts";
import { NodeLedger } from "../src/scheduler/node-ledger.ts";
import { podRequests } from "../src/scheduler/pod-requests.ts";

function nodeOf(name: string, more: Partial<Node> = {}): Node {
  return {
    metadata: { name, labels: { zone: "a" } },
    status: { allocatable: { cpu: "2", memory: "4Gi", pods: "3" } },
    ...more,
  };
}

function podOn(nodeName: string, cpu: string, more: Partial<PodSpec> = {}): Pod {
  const container = { name: "a", resources: { requests: { cpu, memory: "1Gi" } } };
  return { metadata: { name: "p" }, spec: { containers: [container], nodeName, ...more } };
}

function mismatches(pod: Pod, node: Node, others: readonly Pod[] = []): readonly string[] {
  const ledger = new NodeLedger();
  ledger.setNode("n", node);
  others.forEach((other, index) => {
    ledger.setPod(`x/${index}`, other);
  });
  const [entry] = ledger.entries;
  if (entry === undefined || pod.spec === undefined) throw new Error("no entry");
  return findMismatches(pod, podRequests(pod.spec), entry);
}

describe("podRequests()", () => {
  test("takes containers and sidecars together, or the largest init container with the sidecars before it", () => {
    const of = (cpu: string) => ({ resources: { requests: { cpu } } });
    const spec: PodSpec = {
      containers: [
        { name: "a", ...of("100m") },
        { name: "b", ...of("200m") },
      ],
      initContainers: [
        { name: "s", restartPolicy: "Always", ...of("50m") },
        { name: "i", ...of("1") },
      ],
      overhead: { cpu: "10m" },
    };
    expect(podRequests(spec).get("cpu")).toBe(1060);
    expect(podRequests({ ...spec, initContainers: [] }).get("cpu")).toBe(310);
  });

  test("lets the resources of the whole pod go first", () => {
    const spec: PodSpec = {
      containers: [{ name: "a", resources: { requests: { cpu: "1" } } }],
      resources: { requests: { cpu: "3" } },
    };
    expect(podRequests(spec).get("cpu")).toBe(3000);
  });
});

describe("findMismatches()", () => {
  const pod = podOn("", "1");
  const exitCodes = { operator: "In", values: [1] };
  const restartsAll: Container = {
    ...{ name: "a", restartPolicy: "Never" },
    restartPolicyRules: [{ action: "RestartAllContainers", exitCodes }],
  };

  test("finds room", () => {
    expect(mismatches(pod, nodeOf("n"))).toEqual([]);
    const status = { ...nodeOf("n").status, declaredFeatures: ["RestartAllContainersOnContainerExits"] };
    expect(mismatches(podOn("", "1", { containers: [restartsAll] }), nodeOf("n", { status }))).toEqual([]);
  });

  test.each<[string, Pod, Node, readonly Pod[], string]>([
    ["cpu", podOn("", "1500m"), nodeOf("n"), [podOn("n", "1")], "Insufficient cpu"],
    ["pods", pod, nodeOf("n"), [1, 2, 3].map(() => podOn("n", "1m")), "Too many pods"],
    ["a cordoned node", pod, nodeOf("n", { spec: { unschedulable: true } }), [], "node(s) were unschedulable"],
    [
      "a taint",
      pod,
      nodeOf("n", { spec: { taints: [{ key: "a", effect: "NoSchedule" }] } }),
      [],
      "node(s) had untolerated taint(s)",
    ],
    [
      "a selector",
      podOn("", "1", { nodeSelector: { zone: "b" } }),
      nodeOf("n"),
      [],
      "node(s) didn't match Pod's node affinity/selector",
    ],
    [
      "a feature that the node does not declare",
      podOn("", "1", { containers: [restartsAll] }),
      nodeOf("n"),
      [],
      "node(s) didn't match Pod's required features",
    ],
    [
      "a taken port",
      podOn("", "1m", { containers: [{ name: "a", ports: [{ containerPort: 1, hostPort: 80 }] }] }),
      nodeOf("n"),
      [
        podOn("n", "1m", {
          containers: [{ name: "a", ports: [{ containerPort: 1, hostPort: 80, hostIP: "10.0.0.1" }] }],
        }),
      ],
      "node(s) didn't have free ports for the requested pod ports",
    ],
    [
      "a port that a sidecar has",
      podOn("", "1m", { containers: [{ name: "a", ports: [{ containerPort: 1, hostPort: 80 }] }] }),
      nodeOf("n"),
      [
        podOn("n", "1m", {
          initContainers: [{ name: "s", restartPolicy: "Always", ports: [{ containerPort: 1, hostPort: 80 }] }],
        }),
      ],
      "node(s) didn't have free ports for the requested pod ports",
    ],
  ])("refuses for %s", (_, candidate, node, others, reason) => {
    expect(mismatches(candidate, node, others)).toContain(reason);
  });

  test("lets a toleration of the unschedulable taint through", () => {
    const tolerant = podOn("", "1", { tolerations: [{ operator: "Exists" }] });
    expect(mismatches(tolerant, nodeOf("n", { spec: { unschedulable: true } }))).toEqual([]);
  });
});

describe("NodeLedger", () => {
  test("counts pods that were there before their node, and stops counting those that ended", () => {
    const ledger = new NodeLedger();
    ledger.setPod("x/1", podOn("n", "1"));
    ledger.setNode("n", nodeOf("n"));
    expect(ledger.entries[0]?.requested.get("cpu")).toBe(1000);
    ledger.setPod("x/1", { ...podOn("n", "1"), status: { phase: "Succeeded" } });
    expect(ledger.entries[0]?.requested.get("cpu")).toBe(0);
    ledger.setPod("x/2", podOn("n", "500m"));
    ledger.removeNode("n");
    ledger.setNode("n", nodeOf("n"));
    expect(ledger.entries[0]?.requested.get("cpu")).toBe(500);
    ledger.removePod("x/2");
    expect(ledger.entries[0]?.requested.get("cpu")).toBe(0);
  });

  // A resize in place changed nothing for the scheduler, which went on with what the pod had when it was bound.
  test("follows resizes in place, and counts the larger until the node has carried them out", () => {
    const ledger = new NodeLedger();
    ledger.setNode("n", nodeOf("n"));
    const pod = (wanted: string, given: string, reason?: string): Pod => ({
      ...podOn("n", wanted),
      status: {
        containerStatuses: [
          {
            name: "a",
            image: "x",
            imageID: "x",
            ready: true,
            restartCount: 0,
            allocatedResources: { cpu: given },
            resources: { requests: { cpu: given } },
          },
        ],
        ...(reason !== undefined && { conditions: [{ type: "PodResizePending", status: "True", reason }] }),
      },
    });
    const cpuAfter = (next: Pod) => {
      const isRoomMade = ledger.setPod("x/1", next);
      return [ledger.entries[0]?.requested.get("cpu"), isRoomMade];
    };
    expect(cpuAfter(pod("1", "1"))).toEqual([1000, false]);
    expect(cpuAfter(pod("1500m", "1"))).toEqual([1500, false]);
    expect(cpuAfter(pod("1500m", "1500m"))).toEqual([1500, false]);
    expect(cpuAfter(pod("500m", "1500m"))).toEqual([1500, false]);
    expect(cpuAfter(pod("500m", "500m"))).toEqual([500, true]);
    expect(cpuAfter(pod("8", "500m", "Deferred"))).toEqual([8000, false]);
    expect(cpuAfter(pod("8", "500m", "Infeasible"))).toEqual([500, true]);
    expect(cpuAfter({ ...pod("8", "500m"), status: { phase: "Failed" } })).toEqual([0, true]);
    expect(cpuAfter({ ...pod("8", "500m"), status: { phase: "Failed" } })).toEqual([0, false]);
  });

  test("freeShare() prefers the emptier node", () => {
    const ledger = new NodeLedger();
    ledger.setNode("a", nodeOf("a"));
    ledger.setNode("b", nodeOf("b"));
    ledger.setPod("x/1", podOn("a", "1"));
    const [a, b] = ledger.entries;
    if (a === undefined || b === undefined) throw new Error("no entries");
    const requests = podRequests(podOn("", "500m").spec as PodSpec);
    expect(freeShare(requests, b)).toBeGreaterThan(freeShare(requests, a));
  });
});

test("unschedulableMessage() counts reasons as upstream words them", () => {
  expect(unschedulableMessage(0, [])).toBe("no nodes available to schedule pods");
  const reasons = [["Insufficient memory", "Insufficient cpu"], ["Insufficient cpu"], ["node(s) were unschedulable"]];
  expect(unschedulableMessage(3, reasons)).toBe(
    "0/3 nodes are available: 1 Insufficient memory, 1 node(s) were unschedulable, 2 Insufficient cpu.",
  );
});
