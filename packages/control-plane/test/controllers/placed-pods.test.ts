import type { Node, Pod, PodSpec, StatefulSetSpec } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { nodeOfDaemonPod, pinToNode, placementOn } from "../../src/controllers/daemon-set/daemon-placement.ts";
import { stepDaemonUpdate } from "../../src/controllers/daemon-set/daemon-update.ts";
import { expectationOf, unconfirmedEvictions } from "../../src/controllers/disruption/allowed-disruptions.ts";
import { templateHash } from "../../src/controllers/kit/template-hash.ts";
import { nextSteps, ordinalOf, type StatefulStep, usesUpdate } from "../../src/controllers/stateful-set/ordinals.ts";
import { ago, nowMs, podNamed } from "./builders.ts";

describe("placementOn()", () => {
  const node = (spec: Node["spec"], labels: Record<string, string> = {}): Node => ({
    metadata: { name: "n1", labels },
    spec,
  });
  const on = (spec: Partial<PodSpec>, where: Node) => placementOn({ spec: { containers: [], ...spec } }, where);

  test("goes by name, labels and taints", () => {
    expect(on({}, node({}))).toEqual({ shouldRun: true, mayStay: true });
    expect(on({ nodeName: "n2" }, node({}))).toEqual({ shouldRun: false, mayStay: false });
    expect(on({ nodeSelector: { a: "b" } }, node({}))).toEqual({ shouldRun: false, mayStay: false });
    expect(on({ nodeSelector: { a: "b" } }, node({}, { a: "b" }))).toEqual({ shouldRun: true, mayStay: true });
    expect(on({}, node({ taints: [{ key: "x", effect: "NoSchedule" }] }))).toEqual({ shouldRun: false, mayStay: true });
    expect(on({}, node({ taints: [{ key: "x", effect: "NoExecute" }] }))).toEqual({ shouldRun: false, mayStay: false });
    const tolerations = [{ key: "x", operator: "Exists" }];
    expect(on({ tolerations }, node({ taints: [{ key: "x", effect: "NoExecute" }] }))).toEqual({
      shouldRun: true,
      mayStay: true,
    });
  });

  test("does not mind a node in trouble", () => {
    const taints = [
      { key: "node.kubernetes.io/not-ready", effect: "NoExecute" },
      { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" },
    ];
    expect(on({}, node({ taints }))).toEqual({ shouldRun: true, mayStay: true });
    const network = [{ key: "node.kubernetes.io/network-unavailable", effect: "NoSchedule" }];
    expect(on({}, node({ taints: network })).shouldRun).toBe(false);
    expect(on({ hostNetwork: true }, node({ taints: network })).shouldRun).toBe(true);
  });

  test("pinToNode() keeps the other terms of the template, and nodeOfDaemonPod() reads the pin", () => {
    const matchExpressions = [{ key: "a", operator: "Exists" }];
    const spec: PodSpec = {
      containers: [],
      affinity: {
        nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } },
      },
    };
    pinToNode(spec, "n7");
    expect(spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms).toEqual([
      { matchExpressions, matchFields: [{ key: "metadata.name", operator: "In", values: ["n7"] }] },
    ]);
    expect(nodeOfDaemonPod({ spec })).toBe("n7");
    expect(nodeOfDaemonPod({ spec: { ...spec, nodeName: "n8" } })).toBe("n8");
    expect(nodeOfDaemonPod({ spec: { containers: [] } })).toBe("");
  });
});

describe("stepDaemonUpdate()", () => {
  const old = (name: string, ready = true) => podNamed(name, ready ? { readyFor: 1 } : {});
  const fresh = (name: string, ready = true) => podNamed(name, { labels: { new: "" }, ...(ready && { readyFor: 1 }) });
  const step = (nodes: readonly (readonly Pod[])[], maxUnavailable: number, maxSurge = 0) => {
    const { remove, surge } = stepDaemonUpdate(
      nodes.map((pods, index) => ({ name: `n${index}`, pods })),
      {
        maxUnavailable,
        maxSurge,
        isUpdated: ({ metadata }) => metadata?.labels?.["new"] !== undefined,
        isAvailable: ({ status }) => status?.phase === "Running",
      },
    );
    return { remove: remove.map(({ metadata }) => metadata?.name), surge };
  };

  test("replaces as many as may be unavailable", () => {
    expect(step([[old("a")], [old("b")], [old("c")]], 2)).toEqual({ remove: ["a", "b"], surge: [] });
    expect(step([[], [old("b")], [old("c")]], 2)).toEqual({ remove: ["b"], surge: [] });
    expect(step([[fresh("a", false)], [old("b")]], 1)).toEqual({ remove: [], surge: [] });
  });

  test("replaces pods that do not serve at once", () => {
    expect(step([[old("a", false)], [old("b", false)], [old("c")]], 1)).toEqual({ remove: ["a", "b"], surge: [] });
  });

  test("with a surge lets the old pod go when the new one serves", () => {
    expect(step([[old("a")], [old("b")]], 0, 1)).toEqual({ remove: [], surge: ["n0"] });
    expect(step([[old("a"), fresh("x", false)], [old("b")]], 0, 1)).toEqual({ remove: [], surge: [] });
    expect(step([[old("a"), fresh("x")], [old("b")]], 0, 1)).toEqual({ remove: ["a"], surge: ["n1"] });
  });
});

describe("nextSteps()", () => {
  const run = (pods: Record<number, Pod>, spec: Partial<StatefulSetSpec> = {}) =>
    nextSteps({
      spec: { replicas: 3, selector: {}, template: {}, podManagementPolicy: "OrderedReady", ...spec },
      pods: new Map(Object.entries(pods).map(([ordinal, pod]) => [Number(ordinal), pod])),
      isUpdated: ({ metadata }) => metadata?.labels?.["new"] !== undefined,
      nowMs,
    }).map((step: StatefulStep) => (step.kind === "create" ? `+${step.ordinal}` : `-${step.pod.metadata?.name}`));
  const ready = (name: string) => podNamed(name, { readyFor: 5 });
  const updated = (name: string) => podNamed(name, { readyFor: 5, labels: { new: "" } });

  test("starts one after the other", () => {
    expect(run({})).toEqual(["+0"]);
    expect(run({ 0: podNamed("s-0") })).toEqual([]);
    expect(run({ 0: ready("s-0") })).toEqual(["+1"]);
    expect(run({ 0: ready("s-0") }, { minReadySeconds: 10 })).toEqual([]);
    expect(run({ 0: ready("s-0"), 1: podNamed("s-1", { going: true, readyFor: 9 }) })).toEqual([]);
  });

  test("with Parallel starts and ends all at once", () => {
    expect(run({ 1: podNamed("s-1") }, { podManagementPolicy: "Parallel" })).toEqual(["+0", "+2"]);
    const pods = { 0: updated("s-0"), 1: ready("s-1"), 2: ready("s-2") };
    expect(run(pods, { podManagementPolicy: "Parallel", replicas: 1 })).toEqual(["-s-2", "-s-1"]);
  });

  test("ends from the highest, one after the other", () => {
    const pods = { 0: updated("s-0"), 1: ready("s-1"), 2: ready("s-2") };
    expect(run(pods, { replicas: 1 })).toEqual(["-s-2"]);
    expect(run({ ...pods, 2: podNamed("s-2", { going: true }) }, { replicas: 1 })).toEqual([]);
  });

  test("replaces what has ended before anything else", () => {
    expect(run({ 0: podNamed("s-0", { phase: "Failed" }), 1: ready("s-1") })).toEqual(["-s-0"]);
  });

  test("updates from the highest down to the partition, waiting for each", () => {
    const pods = { 0: ready("s-0"), 1: ready("s-1"), 2: ready("s-2") };
    expect(run(pods)).toEqual(["-s-2"]);
    expect(run({ ...pods, 2: updated("s-2") })).toEqual(["-s-1"]);
    expect(run({ ...pods, 2: updated("s-2") }, { updateStrategy: { rollingUpdate: { partition: 2 } } })).toEqual([]);
    expect(run(pods, { updateStrategy: { type: "OnDelete" } })).toEqual([]);
  });

  test("numbers from the start that is wanted", () => {
    expect(run({}, { ordinals: { start: 5 } })).toEqual(["+5"]);
    expect(
      usesUpdate(
        { selector: {}, template: {}, ordinals: { start: 5 }, updateStrategy: { rollingUpdate: { partition: 1 } } },
        5,
      ),
    ).toBe(false);
  });
});

test.each([
  ["web", "web-3", 3],
  ["web", "web-03", undefined],
  ["web", "web-x", undefined],
  ["web", "website-3", undefined],
])("ordinalOf(%s, %s) is %s", (set, pod, expected) => {
  expect(ordinalOf(set, pod)).toBe(expected);
});

test.each([
  [{ minAvailable: 2 }, 5, 9, { expectedPods: 5, desiredHealthy: 2 }],
  [{ minAvailable: "50%" }, 5, 9, { expectedPods: 9, desiredHealthy: 5 }],
  [{ maxUnavailable: "30%" }, 5, 9, { expectedPods: 9, desiredHealthy: 6 }],
  [{ maxUnavailable: 20 }, 5, 9, { expectedPods: 9, desiredHealthy: 0 }],
])("expectationOf(%j) with %d pods of %d", (spec, present, scale, expected) => {
  expect(expectationOf(spec, present, scale)).toEqual(expected);
});

test("unconfirmedEvictions() forgets those that happened and those that never will", () => {
  const pods = [podNamed("going", { going: true }), podNamed("fresh"), podNamed("stale")];
  const noted = { gone: ago(1), going: ago(1), fresh: ago(100), stale: ago(120) };
  expect(unconfirmedEvictions(noted, pods, nowMs)).toEqual({ fresh: ago(100) });
});

test("templateHash() depends on the value, not on the order of its fields", () => {
  expect(templateHash({ a: 1, b: [{ c: "x" }] })).toBe(templateHash({ b: [{ c: "x" }], a: 1 }));
  expect(templateHash({ a: 1 })).not.toBe(templateHash({ a: 2 }));
  expect(templateHash({ a: 1 }, 1)).not.toBe(templateHash({ a: 1 }));
  expect(templateHash({ a: 1 })).toMatch(/^[b-z2-9]{10}$/);
});
