import { describe, expect, test } from "vitest";
import { formatQuantity, formatResourceList, podLimits, podRequests, shouldRestartAfterExit } from "../../src/index.ts";

const cpu = (amount: string) => ({ resources: { requests: { cpu: amount } } });

describe("podRequests()", () => {
  test.each([
    [
      "the sum of app containers",
      {
        containers: [
          { name: "a", ...cpu("1") },
          { name: "b", ...cpu("500m") },
        ],
      },
      "1500m",
    ],
    [
      "a larger init container",
      { initContainers: [{ name: "i", ...cpu("3") }], containers: [{ name: "a", ...cpu("1") }] },
      "3",
    ],
    [
      "sidecars beside app containers",
      {
        initContainers: [{ name: "s", restartPolicy: "Always", ...cpu("1") }],
        containers: [{ name: "a", ...cpu("1") }],
      },
      "2",
    ],
    [
      "sidecars before an init container",
      {
        initContainers: [
          { name: "s", restartPolicy: "Always", ...cpu("1") },
          { name: "i", ...cpu("3") },
        ],
        containers: [{ name: "a", ...cpu("1") }],
      },
      "4",
    ],
    ["overhead", { overhead: { cpu: "250m" }, containers: [{ name: "a", ...cpu("1") }] }, "1250m"],
    ["limits without requests", { containers: [{ name: "a", resources: { limits: { cpu: "2" } } }] }, "2"],
    ["the pod's own", { resources: { requests: { cpu: "7" } }, containers: [{ name: "a", ...cpu("1") }] }, "7"],
  ])("podRequests() counts %s", (_name, spec, expected) => {
    const amount = podRequests(spec)["cpu"];
    expect(amount && formatQuantity(amount)).toBe(expected);
  });

  test("podRequests() counts a resource that is named as something of every object", () => {
    const requests = { constructor: "1", toString: "2" } as unknown as Record<string, string>;
    const container = { name: "a", resources: { requests } };
    const initContainers = [{ ...container, name: "i" }];
    expect(
      formatResourceList(podRequests({ initContainers, containers: [container, { ...container, name: "b" }] })),
    ).toEqual({ constructor: "2", toString: "4" });
  });
});

describe("podLimits()", () => {
  const limit = (amount: string) => ({ resources: { limits: { cpu: amount } } });
  const own = { name: "a", ...limit("1") };

  test.each([
    ["the sum where every container has one", { containers: [own, { ...own, name: "b" }] }, "2"],
    ["nothing where one has none", { containers: [own, { name: "b" }] }, undefined],
    ["nothing where one has 0, which is none", { containers: [own, { name: "b", ...limit("0") }] }, undefined],
    ["nothing where an init container has none", { initContainers: [{ name: "i" }], containers: [own] }, undefined],
    ["sidecars", { initContainers: [{ ...own, name: "s", restartPolicy: "Always" }], containers: [own] }, "2"],
    ["a larger init container", { initContainers: [{ name: "i", ...limit("3") }], containers: [own] }, "3"],
    ["the pod's own", { ...limit("7"), containers: [own, { name: "b" }] }, "7"],
    ["overhead on top of a limit", { overhead: { cpu: "250m" }, containers: [own] }, "1250m"],
    ["no overhead where nothing is limited", { overhead: { cpu: "250m" }, containers: [{ name: "a" }] }, undefined],
  ])("podLimits() is %s", (_name, spec, expected) => {
    expect(formatResourceList(podLimits(spec))["cpu"]).toBe(expected);
  });

  test("podLimits() limits memory though cpu has none", () => {
    const containers = [{ name: "a", resources: { limits: { memory: "1024Mi" } } }];
    expect(formatResourceList(podLimits({ containers }))).toEqual({ memory: "1Gi" });
  });
});

describe("shouldRestartAfterExit()", () => {
  test.each([
    ["Always", {}, "app", 0, true],
    ["OnFailure", {}, "app", 0, false],
    ["OnFailure", {}, "app", 1, true],
    ["Never", {}, "app", 1, false],
    ["Always", {}, "init", 0, false],
    ["Always", {}, "init", 1, true],
    ["Never", { restartPolicy: "Always" }, "init", 0, true],
    ["Always", { restartPolicy: "Never" }, "app", 1, false],
    [
      "Never",
      {
        restartPolicy: "Never",
        restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "In", values: [42] } }],
      },
      "app",
      42,
      true,
    ],
    [
      "Never",
      {
        restartPolicy: "Never",
        restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "In", values: [42] } }],
      },
      "app",
      1,
      false,
    ],
    [
      "Never",
      {
        restartPolicy: "Never",
        restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "NotIn", values: [42] } }],
      },
      "app",
      1,
      true,
    ],
  ] as const)(
    "shouldRestartAfterExit() of pod %s, container %o (%s) and exit %i is %s",
    (restartPolicy, own, kind, exitCode, expected) => {
      expect(shouldRestartAfterExit({ restartPolicy }, structuredClone(own) as never, kind, exitCode)).toBe(expected);
    },
  );
});
