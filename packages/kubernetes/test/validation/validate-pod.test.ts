import {
  dnsSubdomainProblem,
  setPodDefaults,
  validateMetadata,
  validatePod,
  validatePodCreate,
} from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { refusedContainers, refusedProbes } from "./judged-containers.ts";
import type { JudgedPod } from "./judged-pods.ts";
import { refusedPlacements, refusedSpecs } from "./judged-specs.ts";
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
