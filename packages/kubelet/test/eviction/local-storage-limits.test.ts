import type { Container, PodSpec, Volume } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { countedVolumes, exceededLimit, localStorageLimits } from "../../src/eviction/local-storage-limits.ts";
import { podOf } from "../support/kubelet-harness.ts";

const limited = (name: string, limit?: string, more: Partial<Container> = {}): Container => ({
  name,
  image: "app:v1",
  ...(limit !== undefined && { resources: { limits: { "ephemeral-storage": limit } } }),
  ...more,
});
const emptyDir = (name: string, sizeLimit?: string, medium?: string): Volume => ({
  name,
  emptyDir: { ...(sizeLimit !== undefined && { sizeLimit }), ...(medium !== undefined && { medium }) },
});

interface Used {
  readonly volumes?: Readonly<Record<string, number>>;
  readonly containers?: Readonly<Record<string, number>>;
  readonly pod?: number;
}

function exceeded(spec: Partial<PodSpec>, { volumes = {}, containers = {}, pod = 0 }: Used) {
  const limits = localStorageLimits(podOf("ann", spec));
  if (limits === undefined) return undefined;
  const usage = {
    volumes: new Map(Object.entries(volumes)),
    containers: new Map(Object.entries(containers)),
    podBytes: pod,
  };
  return exceededLimit(limits, usage);
}

describe("localStorageLimits()", () => {
  test.each<[string, Partial<PodSpec>]>([
    ["nothing at all", {}],
    ["volumes without a limit", { volumes: [emptyDir("data"), emptyDir("fast", undefined, "Memory")] }],
    ["a size limit of 0", { volumes: [emptyDir("data", "0")] }],
    [
      "limits of other resources",
      { containers: [limited("main", undefined, { resources: { limits: { cpu: "1" } } })] },
    ],
  ])("localStorageLimits() of a pod with %s are none", (_name, spec) => {
    expect(localStorageLimits(podOf("ann", spec))).toBeUndefined();
  });
});

describe("exceededLimit()", () => {
  test.each([
    ["", 1024 * 1024],
    ["Memory", 1024 * 1024],
  ])("exceededLimit() names an emptyDir of medium %j that holds more than its limit", (medium, limit) => {
    const spec = { volumes: [emptyDir("other", "2Mi"), emptyDir("data", "1024Ki", medium)] };
    expect(exceeded(spec, { volumes: { data: limit, other: limit } })).toBeUndefined();
    expect(exceeded(spec, { volumes: { data: limit + 1 } })).toEqual({
      signal: "emptydirfs.limit",
      message: 'Usage of EmptyDir volume "data" exceeds the limit "1Mi". ',
    });
  });

  test("exceededLimit() holds a pod to the sum of the limits its containers have", () => {
    const spec = { containers: [limited("a", "1Mi"), limited("b", "1Mi"), limited("c")] };
    expect(exceeded(spec, { pod: 2 * 2 ** 20 })).toBeUndefined();
    expect(exceeded(spec, { pod: 2 * 2 ** 20 + 1 })).toEqual({
      signal: "ephemeralpodfs.limit",
      message: "Pod ephemeral local storage usage exceeds the total limit of containers 2Mi. ",
    });
  });

  test.each<[string, Partial<PodSpec>, number]>([
    ["the largest init container", { initContainers: [limited("i", "3Mi")], containers: [limited("a", "1Mi")] }, 3],
    [
      "sidecars with the containers",
      { initContainers: [limited("s", "3Mi", { restartPolicy: "Always" })], containers: [limited("a", "1Mi")] },
      4,
    ],
    ["overhead", { containers: [limited("a", "1Mi")], overhead: { "ephemeral-storage": "1Mi" } }, 2],
  ])("exceededLimit() counts %s", (_name, spec, mebibytes) => {
    expect(exceeded(spec, { pod: mebibytes * 2 ** 20 })).toBeUndefined();
    expect(exceeded(spec, { pod: mebibytes * 2 ** 20 + 1 })?.message).toContain(`containers ${mebibytes}Mi. `);
  });

  test("exceededLimit() names an app container over its own limit", () => {
    const spec = {
      initContainers: [limited("first", "1k")],
      containers: [limited("main", "1k"), limited("more", "100M"), limited("none", "0")],
    };
    expect(exceeded(spec, { containers: { first: 2000, main: 1000, none: 1 } })).toBeUndefined();
    expect(exceeded(spec, { containers: { main: 1001 } })).toEqual({
      signal: "ephemeralcontainerfs.limit",
      message: 'Container main exceeded its local ephemeral storage limit "1k". ',
    });
  });

  test("exceededLimit() looks at volumes, then at the pod, then at containers", () => {
    const spec = { containers: [limited("main", "1k")], volumes: [emptyDir("data", "1k")] };
    const all = { volumes: { data: 2000 }, pod: 2000, containers: { main: 2000 } };
    expect(exceeded(spec, all)?.signal).toBe("emptydirfs.limit");
    expect(exceeded(spec, { ...all, volumes: {} })?.signal).toBe("ephemeralpodfs.limit");
    expect(exceeded(spec, { ...all, volumes: {}, pod: 0 })?.signal).toBe("ephemeralcontainerfs.limit");
  });
});

test("countedVolumes() are those on the node's disk that live as long as the pod", () => {
  const volumes: Volume[] = [
    emptyDir("data"),
    emptyDir("fast", undefined, "Memory"),
    { name: "settings", configMap: { name: "settings" } },
    { name: "keys", secret: { secretName: "keys" } },
    { name: "host", hostPath: { path: "/" } },
    { name: "tools", image: { reference: "tools:v1" } },
  ];
  expect(countedVolumes(podOf("ann", { volumes }))).toEqual(["data", "settings"]);
});
