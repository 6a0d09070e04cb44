import { type Pod, type PodSpec, setPodDefaults } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { validatePodStatusUpdate, validatePodUpdate } from "../src/resources/pods/pod-update-validation.ts";

function podWith(spec: Partial<PodSpec>): Pod {
  const pod: Pod = { metadata: { name: "p" }, spec: { containers: [{ name: "a", image: "x:1" }], ...spec } };
  setPodDefaults(pod);
  return pod;
}

describe("validatePodUpdate()", () => {
  const old = podWith({ tolerations: [{ key: "a", operator: "Exists" }], activeDeadlineSeconds: 10 });
  const changed = (change: (spec: PodSpec) => unknown): string[] => {
    const pod = structuredClone(old);
    change(pod.spec as PodSpec);
    return validatePodUpdate(pod, old).map((error) => error.field);
  };

  test("allows what may change", () => {
    expect(changed((spec) => Object.assign(spec.containers[0] as object, { image: "y" }))).toEqual([]);
    expect(changed((spec) => spec.tolerations?.push({ key: "b", operator: "Exists" }))).toEqual([]);
    expect(changed((spec) => Object.assign(spec, { activeDeadlineSeconds: 5 }))).toEqual([]);
  });

  test("refuses the rest", () => {
    expect(changed((spec) => Object.assign(spec, { hostname: "h" }))).toEqual(["spec"]);
    expect(changed((spec) => Object.assign(spec, { activeDeadlineSeconds: 20 }))).toEqual([
      "spec.activeDeadlineSeconds",
    ]);
    expect(changed((spec) => Object.assign(spec, { tolerations: [] }))).toEqual(["spec.tolerations"]);
    expect(changed((spec) => spec.containers.push({ name: "b", image: "x" }))).toEqual(["spec.containers"]);
    expect(changed((spec) => Object.assign(spec, { schedulingGates: [{ name: "g" }] }))).toContain(
      "spec.schedulingGates",
    );
  });
});

test("validatePodStatusUpdate() refuses a container that runs again though it must not", () => {
  const status = (state: object) => ({
    containerStatuses: [{ name: "a", image: "", imageID: "", ready: false, restartCount: 0, state }],
  });
  const spec: PodSpec = { containers: [{ name: "a" }], restartPolicy: "Never" };
  const before: Pod = { spec, status: status({ terminated: { exitCode: 0 } }) };
  const after: Pod = { spec, status: status({ running: {} }) };
  expect(validatePodStatusUpdate(after, before)).toHaveLength(1);
  expect(validatePodStatusUpdate({ ...after, spec: { ...spec, restartPolicy: "Always" } }, before)).toEqual([]);
  // Another container of the pod may restart all of them.
  const restartPolicyRules = [{ action: "RestartAllContainers", exitCodes: { operator: "In", values: [1] } }];
  const containers = [...spec.containers, { name: "b", restartPolicy: "Never", restartPolicyRules }];
  expect(validatePodStatusUpdate({ ...after, spec: { ...spec, containers } }, before)).toEqual([]);
});
