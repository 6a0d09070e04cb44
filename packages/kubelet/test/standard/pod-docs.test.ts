import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { schemaTable } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { podFieldsPage, podLifecyclePage } from "../../../../scripts/generate-pod-docs.ts";
import { podFieldTable } from "../../src/standard/pod-field-table.ts";
import { refuseUnsupportedFields } from "../../src/standard/unsupported-fields.ts";
import { podOf } from "../support/kubelet-harness.ts";

const docs = join(import.meta.dirname, "../../../../docs");

describe("generated documentation", () => {
  test.each([
    ["pod-lifecycle.md", podLifecyclePage],
    ["pod-fields.md", podFieldsPage],
  ])("docs/%s is what scripts/generate-pod-docs.ts writes", async (file, page) => {
    expect(await readFile(join(docs, file), "utf8")).toBe(page());
  });
});

describe("podFieldTable", () => {
  const paths = podFieldTable.map(({ path }) => path);

  test.each([
    ["core/v1.PodSpec", ""],
    ["core/v1.Container", "containers[]."],
    ["core/v1.Container", "initContainers[]."],
    ["core/v1.EphemeralContainer", "ephemeralContainers[]."],
    ["core/v1.Affinity", "affinity."],
    ["core/v1.Lifecycle", "containers[].lifecycle."],
  ])("podFieldTable knows every field of %s below %j", (type, prefix) => {
    const lists = ["containers", "initContainers"];
    const fields = Object.keys(schemaTable[type]?.fields ?? {}).filter((field) => !lists.includes(field));
    expect(fields.length).toBeGreaterThan(2);
    const unknown = fields.filter((field) => !paths.some((path) => startsWithField(path, prefix + field)));
    expect(unknown).toEqual([]);
  });

  test("podFieldTable has each path once", () => {
    expect(paths.filter((path, index) => paths.indexOf(path) !== index)).toEqual([]);
  });
});

function startsWithField(path: string, field: string): boolean {
  return path === field || path.startsWith(`${field}.`);
}

describe("refuseUnsupportedFields()", () => {
  test.each([
    ["nothing of the kind", {}, {}, undefined],
    ["an empty lifecycle", {}, { lifecycle: {} }, undefined],
    ["no propagation", {}, { volumeMounts: [{ name: "v", mountPath: "/v", mountPropagation: "None" }] }, undefined],
    ["hostPID false", { hostPID: false }, {}, undefined],
    ["ephemeral containers, which come later", { ephemeralContainers: [{ name: "debug" }] }, {}, undefined],
    ["hostPID", { hostPID: true }, {}, "spec.hostPID"],
    ["a sleeping hook", {}, { lifecycle: { preStop: { sleep: { seconds: 1 } } } }, undefined],
    ["an httpGet probe", {}, { livenessProbe: { httpGet: { port: 80 } } }, undefined],
    [
      "a preStop hook of kind exec",
      {},
      { lifecycle: { preStop: { exec: { command: ["x"] } } } },
      "spec.containers[0].lifecycle.preStop.exec",
    ],
    [
      "propagation",
      {},
      { volumeMounts: [{ name: "v", mountPath: "/v", mountPropagation: "Bidirectional" }] },
      "spec.containers[0].volumeMounts[0].mountPropagation",
    ],
    [
      "an exec probe of an init container",
      { initContainers: [{ name: "i" }, { name: "j", startupProbe: { exec: { command: ["x"] } } }] },
      {},
      "spec.initContainers[1].startupProbe.exec",
    ],
    ["privileged", {}, { securityContext: { privileged: true } }, "spec.containers[0].securityContext.privileged"],
  ])("refuseUnsupportedFields() of a pod with %s", (_name, spec, container, field) => {
    const refusal = refuseUnsupportedFields(podOf("p", spec, container));
    if (field === undefined) expect(refusal).toBeUndefined();
    else expect(refusal?.message).toContain(`${field}: `);
  });

  test("refuseUnsupportedFields() takes exec from a pod where the runtime can run commands", () => {
    const pod = podOf("p", {}, { livenessProbe: { exec: { command: ["x"] } } });
    expect(refuseUnsupportedFields(pod, new Set(["exec"]))).toBeUndefined();
  });

  test("refuseUnsupportedFields() names the first five", () => {
    const probe = { exec: { command: ["x"] } };
    const initContainers = Array.from({ length: 7 }, (_, index) => ({ name: `i${index}`, livenessProbe: probe }));
    expect(refuseUnsupportedFields(podOf("p", { initContainers }))?.message).toMatch(/; and 2 more$/);
  });
});
