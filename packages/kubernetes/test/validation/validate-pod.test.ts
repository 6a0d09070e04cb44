import {
  dnsSubdomainProblem,
  setPodDefaults,
  validateMetadata,
  validatePod,
  validatePodCreate,
} from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { refusedContainers } from "./judged-containers.ts";
import { refusedPlacements } from "./judged-placements.ts";
import { type JudgedPod, withEnv } from "./judged-pods.ts";
import { refusedProbes } from "./judged-probes.ts";
import { refusedSpecs } from "./judged-specs.ts";
import { refusedVolumes } from "./judged-volumes.ts";
import { takenPods } from "./taken-pods.ts";

/** The words of our rules about a pod that names its node. */
function problemsOf([, given]: JudgedPod): string {
  const pod = structuredClone(given);
  Object.assign(pod.metadata ?? {}, { namespace: "default" });
  Object.assign(pod.spec ?? {}, { nodeName: "n" });
  setPodDefaults(pod);
  return [
    ...validateMetadata(pod.metadata ?? {}, true, dnsSubdomainProblem),
    ...validatePod(pod),
    ...validatePodCreate(pod),
  ]
    .map(({ field, message }) => `${field}: ${message}`)
    .join("; ");
}

describe.each(Object.entries({ refusedContainers, refusedProbes, refusedVolumes, refusedPlacements, refusedSpecs }))(
  "validatePod() of %s",
  (_, pods) => {
    test.each(pods)("refuses: %s", (problems, pod) => {
      expect(problemsOf([problems, pod])).toBe(problems);
    });
  },
);

test.each(takenPods)("validatePod() takes %s", (_, pod) => {
  expect(problemsOf(["", pod])).toBe("");
});

test("validatePod() looks at a path full of beginnings of subscripts once, not once for each", () => {
  const fieldPath = `a${"['".repeat(300_000)}`;
  expect(problemsOf(["", withEnv({ valueFrom: { fieldRef: { fieldPath } } })])).toContain("field label not supported");
});
