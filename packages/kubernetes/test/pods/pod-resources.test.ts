import { describe, expect, test } from "vitest";
import { formatQuantity, podRequests, shouldRestartAfterExit } from "../../src/index.ts";

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
