import type { Pod } from "@wherry/kubernetes";
import { expect, test } from "vitest";
import { resourceFieldValue } from "../../src/environment/resource-field.ts";

const pod: Pod = {
  spec: {
    containers: [
      {
        name: "main",
        resources: {
          limits: { cpu: "1250m", memory: "64Mi", "hugepages-2Mi": "4Mi" },
          requests: { cpu: "250m", memory: "33554433", "ephemeral-storage": "1Gi" },
        },
      },
      { name: "bare" },
    ],
    initContainers: [{ name: "init", resources: { limits: { cpu: "2" } } }],
  },
};
const allocatable = { cpu: "3500m", memory: "8Gi", "ephemeral-storage": "100Gi" };

test.each([
  ["limits.cpu", undefined, "2"],
  ["limits.cpu", "0", "2"],
  ["limits.cpu", "1m", "1250"],
  ["limits.cpu", "500m", "3"],
  ["requests.cpu", undefined, "1"],
  ["requests.cpu", "1m", "250"],
  ["limits.memory", undefined, "67108864"],
  ["limits.memory", "1Mi", "64"],
  ["requests.memory", "1Mi", "33"],
  ["requests.ephemeral-storage", "1Gi", "1"],
  ["limits.ephemeral-storage", "1Gi", "100"],
  ["limits.hugepages-2Mi", "1Mi", "4"],
  ["requests.hugepages-2Mi", undefined, "0"],
])("resourceFieldValue() gives %s by %s as %s", (resource, divisor, value) => {
  const selector = { resource, divisor };
  expect(resourceFieldValue(pod, pod.spec?.containers[0], selector, allocatable, "variable")).toBe(value);
});

test("resourceFieldValue() looks at the container it names, init containers included", () => {
  const of = (containerName: string) =>
    resourceFieldValue(pod, undefined, { containerName, resource: "limits.cpu" }, allocatable, "file");
  expect(of("init")).toBe("2");
  expect(of("bare")).toBe("4");
  expect(() => of("none")).toThrow('file refers to container "none", which is not found in the pod');
  expect(() => of("")).toThrow("without containerName");
});

test("resourceFieldValue() prefers the pod's own limit over the node's amount", () => {
  const limited: Pod = { spec: { containers: [{ name: "main" }], resources: { limits: { memory: "1Gi" } } } };
  const selector = { resource: "limits.memory", divisor: "1Mi" };
  expect(resourceFieldValue(limited, limited.spec?.containers[0], selector, allocatable, "variable")).toBe("1024");
});

test.each(["limits.gpu", "cpu", "limits.nvidia.com/gpu", ""])("resourceFieldValue() refuses %j", (resource) => {
  expect(() => resourceFieldValue(pod, pod.spec?.containers[0], { resource }, allocatable, "variable")).toThrow(
    `variable has unsupported resource "${resource}"`,
  );
});

test("resourceFieldValue() refuses a divisor that is no quantity", () => {
  expect(() =>
    resourceFieldValue(pod, pod.spec?.containers[0], { resource: "limits.cpu", divisor: "many" }, {}, "variable"),
  ).toThrow('divisor "many"');
});
