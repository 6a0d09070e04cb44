import { describe, expect, test } from "vitest";
import type { Container, Pod, PodSpec } from "../../src/api/index.ts";
import {
  describeResize,
  podAllocation,
  sameAllocation,
  sameResizable,
  withAllocation,
} from "../../src/pods/pod-allocation.ts";

const container = (name: string, cpu?: string, more: Partial<Container> = {}): Container => ({
  name,
  ...(cpu !== undefined && { resources: { limits: { cpu }, requests: { cpu } } }),
  ...more,
});

const spec: PodSpec = {
  initContainers: [container("init", "1"), container("sidecar", "2", { restartPolicy: "Always" })],
  containers: [container("main", "3"), container("bare")],
};

describe("podAllocation()", () => {
  test("podAllocation() holds what can be resized: app containers and sidecars with cpu or memory", () => {
    expect(Object.keys(podAllocation(spec)?.containers ?? {})).toEqual(["sidecar", "main", "bare"]);
    const claims = container("disk", undefined, { resources: { requests: { "ephemeral-storage": "1Gi" } } });
    expect(podAllocation({ containers: [claims] })).toBeUndefined();
  });

  test("podAllocation() holds what the pod as a whole is given, also where its containers have nothing", () => {
    const resources = { limits: { cpu: "1" } };
    expect(podAllocation({ resources, containers: [container("bare")] })).toEqual({
      resources,
      containers: { bare: {} },
    });
  });
});

describe("withAllocation()", () => {
  const pod: Pod = { spec };

  test("withAllocation() answers the same pod where nothing differs, however it is written", () => {
    expect(withAllocation(pod, undefined)).toBe(pod);
    expect(withAllocation(pod, podAllocation(spec))).toBe(pod);
    const written = { containers: { main: { limits: { cpu: "3000m" }, requests: { cpu: "3" } } } };
    expect(withAllocation(pod, written)).toBe(pod);
  });

  test("withAllocation() puts in what was given, and leaves init containers and strangers alone", () => {
    const given = { containers: { init: { limits: { cpu: "9" } }, main: { requests: { cpu: "1" } }, other: {} } };
    const result = withAllocation(pod, given);
    expect(result.spec?.containers[0]?.resources).toEqual({ limits: undefined, requests: { cpu: "1" } });
    expect(result.spec?.initContainers).toEqual(spec.initContainers);
    expect(pod.spec?.containers[0]?.resources?.requests).toEqual({ cpu: "3" });
  });

  test("withAllocation() is not led astray by a container named like a member of every object", () => {
    const odd: Pod = { spec: { containers: [container("constructor", "1")] } };
    expect(withAllocation(odd, { containers: {} })).toBe(odd);
  });

  test("withAllocation() takes away what the pod as a whole asks for and was not given", () => {
    const resources = { requests: { cpu: "2" } };
    const wanted: Pod = { spec: { ...spec, resources } };
    expect(withAllocation(wanted, podAllocation(spec)).spec?.resources).toBeUndefined();
    const given = { requests: { cpu: "1" } };
    expect(withAllocation(wanted, { resources: given, containers: {} }).spec?.resources).toEqual(given);
    expect(withAllocation(wanted, { resources: { requests: { cpu: "2000m" } }, containers: {} })).toBe(wanted);
  });

  test("withAllocation() gives a container nothing that had nothing when the pod was taken in", () => {
    const wanted: Pod = { spec: { ...spec, containers: [container("main", "3"), container("bare", "1")] } };
    expect(withAllocation(wanted, podAllocation(spec)).spec?.containers[1]?.resources?.limits).toBeUndefined();
  });
});

test.each([
  [podAllocation(spec), podAllocation(spec), true],
  [podAllocation(spec), undefined, false],
  [undefined, undefined, true],
  [{ containers: { main: { limits: { cpu: "1" } } } }, { containers: { main: { limits: { cpu: "1000m" } } } }, true],
  [{ resources: { limits: { cpu: "1" } }, containers: {} }, { containers: {} }, false],
])("sameAllocation() of %j and %j is %s", (left, right, same) => {
  expect(sameAllocation(left, right)).toBe(same);
  expect(sameAllocation(right, left)).toBe(same);
});

describe("sameResizable()", () => {
  test.each([
    [{}, undefined, true],
    [{ limits: { cpu: "1" } }, { limits: { cpu: "1000m" } }, true],
    [{ limits: { cpu: "1" } }, { requests: { cpu: "1" } }, false],
    [{ limits: { memory: "1Ki" } }, { limits: { memory: "1024" } }, true],
    [{ limits: { memory: "0" } }, {}, false],
    [{ limits: { gpu: "1" } }, {}, true],
  ])("sameResizable(%j, %j) is %s", (left, right, same) => {
    expect(sameResizable(left, right)).toBe(same);
    expect(sameResizable(right, left)).toBe(same);
  });
});

test("describeResize() is the JSON of the kubelet's events", () => {
  expect(describeResize(spec, 2, "why not")).toBe(
    '{"initContainers":[{"name":"sidecar","resources":{"limits":{"cpu":"2"},"requests":{"cpu":"2"}}}],' +
      '"containers":[{"name":"main","resources":{"limits":{"cpu":"3"},"requests":{"cpu":"3"}}},{"name":"bare","resources":{}}],' +
      '"generation":2,"error":"why not"}',
  );
  expect(describeResize({ resources: { limits: { cpu: "1" } }, containers: [container("bare")] }, 3)).toBe(
    '{"resources":{"limits":{"cpu":"1"}},"containers":[{"name":"bare","resources":{}}],"generation":3}',
  );
});
