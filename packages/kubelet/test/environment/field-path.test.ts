import type { Pod } from "@wherry/kubernetes";
import { expect, test } from "vitest";
import { fieldValue, formatMap } from "../../src/environment/field-path.ts";

const pod: Pod = {
  metadata: {
    name: "pod",
    namespace: "ns",
    uid: "u",
    labels: { app: "web", "example.com/it's": "x" },
    annotations: { note: "hi" },
  },
  spec: { containers: [], nodeName: "node-1", serviceAccountName: "builder" },
};
const addresses = { podIps: ["10.1.0.1", "fd00::1"], hostIps: ["10.0.0.1", "fd00::2"] };

test.each([
  ["metadata.name", "pod"],
  ["metadata.namespace", "ns"],
  ["metadata.uid", "u"],
  ["metadata.labels['app']", "web"],
  ["metadata.labels['example.com/it's']", "x"],
  ["metadata.labels['none']", ""],
  ["metadata.labels['constructor']", ""],
  ["metadata.annotations['__proto__']", ""],
  ["metadata.annotations['note']", "hi"],
  ["spec.nodeName", "node-1"],
  ["spec.serviceAccountName", "builder"],
  ["status.hostIP", "10.0.0.1"],
  ["status.hostIPs", "10.0.0.1,fd00::2"],
  ["status.podIP", "10.1.0.1"],
  ["status.podIPs", "10.1.0.1,fd00::1"],
])("fieldValue() resolves %s", (path, value) => {
  expect(fieldValue(pod, path, addresses, "variable")).toBe(value);
});

test.each(["metadata.labels[app]", "metadata", "spec.containers", "status.phase", ""])(
  "fieldValue() refuses %j",
  (path) => {
    expect(() => fieldValue(pod, path, addresses, 'variable "X"')).toThrow(
      `variable "X" has unsupported fieldPath "${path}"`,
    );
  },
);

test("formatMap() sorts by key and quotes as Go does", () => {
  expect(
    formatMap({ b: "1", a: 'q"\\', c: "ü€😀", d: "\u0001\u007f\t\n\u0007", e: "\u200b\u{e0001}", A: "upper" }),
  ).toBe(
    ['A="upper"', 'a="q\\"\\\\"', 'b="1"', 'c="ü€😀"', 'd="\\x01\\x7f\\t\\n\\a"', 'e="\\u200b\\U000e0001"'].join("\n"),
  );
  expect(formatMap({})).toBe("");
});
