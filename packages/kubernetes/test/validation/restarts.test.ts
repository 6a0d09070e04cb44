import { type Container, type PodSpec, setPodDefaults, validatePod } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { inPod } from "./judged-pods.ts";

function problems(spec: Partial<PodSpec>): string[] {
  const pod = inPod(spec);
  setPodDefaults(pod);
  return validatePod(pod).map((error) => `${error.field}: ${error.message}`);
}

describe("validatePod(), restarts of a container", () => {
  const path = "spec.containers[0].restartPolicy";
  const exitCodes = { operator: "In", values: [1] };
  const rule = { action: "RestartAllContainers", exitCodes };

  // What kube-apiserver 1.36 answers, word for word.
  test.each<[string, Partial<Container>, string[]]>([
    ["nothing", {}, []],
    [
      "a rule for each action",
      { restartPolicy: "Never", restartPolicyRules: [rule, { ...rule, action: "Restart" }] },
      [],
    ],
    ["no rules", { restartPolicyRules: [] }, []],
    [
      "an unknown policy",
      { restartPolicy: "Sometimes" },
      [`${path}: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"`],
    ],
    [
      "rules without a policy",
      { restartPolicyRules: [rule] },
      [`${path}: Required value: must specify restartPolicy when restart rules are used`],
    ],
    [
      "an unknown action",
      { restartPolicy: "Never", restartPolicyRules: [{ ...rule, action: "Terminate" }] },
      [`${path}Rules[0].action: Unsupported value: "Terminate": supported values: "Restart", "RestartAllContainers"`],
    ],
    [
      "no exit codes",
      { restartPolicy: "Never", restartPolicyRules: [{ action: "Restart" }] },
      [`${path}Rules[0].exitCodes: Required value: must be specified`],
    ],
    [
      "an unknown operator",
      { restartPolicy: "Never", restartPolicyRules: [{ ...rule, exitCodes: { operator: "Is" } }] },
      [`${path}Rules[0].exitCodes.operator: Unsupported value: "Is": supported values: "In", "NotIn"`],
    ],
    [
      "too many exit codes",
      {
        restartPolicy: "Never",
        restartPolicyRules: [{ ...rule, exitCodes: { operator: "In", values: Array(256).fill(1) } }],
      },
      [`${path}Rules[0].exitCodes.values: Too many: 256: must have at most 255 items`],
    ],
    [
      "too many rules",
      { restartPolicy: "Never", restartPolicyRules: Array(21).fill(rule) },
      [`${path}Rules: Too many: 21: must have at most 20 items`],
    ],
  ])("validatePod() of a container with %s", (_name, restarts, expected) => {
    expect(problems({ containers: [{ name: "a", image: "x:1", ...restarts }] })).toEqual(expected);
    const initContainers = [{ name: "i", image: "x:1", ...restarts }];
    const inInit = expected.map((text) => text.replace("containers", "initContainers"));
    expect(problems({ initContainers })).toEqual(inInit);
  });
});
