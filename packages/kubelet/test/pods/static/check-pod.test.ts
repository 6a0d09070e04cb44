import type { Pod } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { checkStaticPod } from "../../../src/pods/static/check-pod.ts";
import { refusedPods, takenPod } from "./judged-pods.ts";

const problemsOf = (pod: Pod) => checkStaticPod(pod, "n").map(({ path, message }) => `${path} ${message}`);

describe("checkStaticPod()", () => {
  test.each(refusedPods)("refuses: %s", (problem, pod) => {
    expect(problemsOf(pod)).toEqual([problem]);
  });

  test("takes what only looks wrong", () => {
    expect(problemsOf(takenPod)).toEqual([]);
  });
});
