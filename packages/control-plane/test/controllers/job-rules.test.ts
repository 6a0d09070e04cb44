import type { Job, JobSpec, JobStatus } from "@wherry/kubernetes";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatIndexes, nextIndexes, parseIndexes } from "../../src/controllers/job/completion-indexes.ts";
import { tallyPods, totals } from "../../src/controllers/job/count-pods.ts";
import { judgeFailure } from "../../src/controllers/job/failure-policy.ts";
import { backoffLeftMs, trackingFinalizer } from "../../src/controllers/job/finished-pods.ts";
import { decideOutcome, wantedActive } from "../../src/controllers/job/job-outcome.ts";
import { ago, nowMs, podNamed } from "./builders.ts";

function jobWith(spec: Partial<JobSpec>, status: JobStatus = {}): Job {
  return { metadata: { name: "j", namespace: "default" }, spec: { template: {}, ...spec }, status };
}

const failedPod = (name: string, secondsAgo: number, code = 7) =>
  podNamed(name, { phase: "Failed", exit: { code, secondsAgo }, finalizers: [trackingFinalizer] });
const succeededPod = (name: string, secondsAgo: number) =>
  podNamed(name, { phase: "Succeeded", exit: { code: 0, secondsAgo }, finalizers: [trackingFinalizer] });

describe("backoffLeftMs()", () => {
  test.each([
    ["no failure", [], 0],
    ["one failure", [3], 7000],
    ["one failure long ago", [11], 0],
    ["two failures", [3, 30], 17_000],
    ["five failures", [1, 2, 3, 4, 5], 159_000],
    ["many failures", Array.from({ length: 40 }, (_, index) => index), 600_000],
  ])("after %s", (_, times, expected) => {
    const pods = times.map((secondsAgo, index) => failedPod(`p${index}`, secondsAgo));
    expect(backoffLeftMs(pods, jobWith({}), nowMs)).toBe(expected);
  });

  test("begins anew after a success", () => {
    const pods = [failedPod("a", 1), succeededPod("b", 2), failedPod("c", 3), failedPod("d", 4)];
    expect(backoffLeftMs(pods, jobWith({}), nowMs)).toBe(9000);
  });

  test("holds nothing against pods that the job itself gave up", () => {
    expect(backoffLeftMs([podNamed("a", { going: true })], jobWith({}), nowMs)).toBe(0);
  });
});

describe("completion indexes", () => {
  test.each([
    [[], ""],
    [[3], "3"],
    [[1, 2], "1,2"],
    [[5, 1, 3, 4, 7], "1,3-5,7"],
  ])("formatIndexes(%j) is %s", (indexes, text) => {
    expect(formatIndexes(indexes)).toBe(text);
  });

  test("parseIndexes() reads what formatIndexes() writes", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(60)), (indexes) => {
        expect([...parseIndexes(formatIndexes(indexes), 61)].sort()).toEqual([...indexes].sort());
      }),
    );
    expect([...parseIndexes("0-999999999999", 3)]).toEqual([0, 1, 2]);
  });

  test("nextIndexes() takes the lowest that are free", () => {
    expect(nextIndexes(6, new Set([0, 2]), 3)).toEqual([1, 3, 4]);
    expect(nextIndexes(3, new Set([0, 2]), 3)).toEqual([1]);
  });
});

describe("judgeFailure()", () => {
  const job = jobWith({
    podFailurePolicy: {
      rules: [
        { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget" }] },
        { action: "FailJob", onExitCodes: { operator: "In", values: [7, 8], containerName: "main" } },
        { action: "Count", onExitCodes: { operator: "NotIn", values: [9] } },
      ],
    },
  });

  test("takes the first rule that matches", () => {
    const evicted = podNamed("p", { phase: "Failed", conditions: [{ type: "DisruptionTarget", status: "True" }] });
    expect(judgeFailure(job, evicted)).toEqual({ action: "Ignore" });
    expect(judgeFailure(job, failedPod("p", 1, 8))).toEqual({
      action: "FailJob",
      message: "Container main for pod default/p failed with exit code 8 matching FailJob rule at index 1",
    });
    expect(judgeFailure(job, failedPod("p", 1, 1))).toEqual({ action: "Count" });
    expect(judgeFailure(job, failedPod("p", 1, 9))).toEqual({ action: "Count" });
  });
});

describe("tallyPods()", () => {
  test("counts each pod once over every order of writes", () => {
    const pods = [succeededPod("a", 1), failedPod("b", 1), podNamed("c", { finalizers: [trackingFinalizer] })];
    const first = tallyPods(jobWith({}), pods, false);
    expect(first.status).toMatchObject({
      succeeded: 0,
      failed: 0,
      uncountedTerminatedPods: { succeeded: ["uid-a"], failed: ["uid-b"] },
    });
    expect(first.released.map(({ metadata }) => metadata?.name)).toEqual(["a", "b"]);
    expect(totals(first.status)).toEqual({ succeeded: 1, failed: 1 });
    // As after a crash before the finalizers were removed: nothing changes.
    expect(tallyPods(jobWith({}, first.status), pods, false)).toEqual(first);
    // As after a crash between the two removals.
    const half = pods.map((pod) =>
      pod.metadata?.name === "a" ? { ...pod, metadata: { ...pod.metadata, finalizers: [] } } : pod,
    );
    const second = tallyPods(jobWith({}, first.status), half, false);
    expect(second.status).toMatchObject({ succeeded: 1, failed: 0, uncountedTerminatedPods: { failed: ["uid-b"] } });
    // Pods that are gone altogether are counted all the same.
    const third = tallyPods(jobWith({}, second.status), [], false);
    expect(third.status).toMatchObject({ succeeded: 1, failed: 1, uncountedTerminatedPods: {} });
  });

  test("releases what still runs when the job is over", () => {
    const pods = [podNamed("c", { finalizers: [trackingFinalizer] })];
    expect(tallyPods(jobWith({}), pods, true).released).toHaveLength(1);
  });
});

describe("decideOutcome()", () => {
  const counts = { succeeded: 0, failed: 0, active: [], pods: [] };

  test("fails on a new failure beyond the limit only", () => {
    const failed = { ...counts, failed: 2 };
    expect(decideOutcome(jobWith({ backoffLimit: 1, completions: 1 }), failed, nowMs)?.reason).toBe(
      "BackoffLimitExceeded",
    );
    expect(decideOutcome(jobWith({ backoffLimit: 2, completions: 1 }), failed, nowMs)).toBeUndefined();
    expect(decideOutcome(jobWith({ backoffLimit: 1, completions: 1 }, { failed: 2 }), failed, nowMs)).toBeUndefined();
  });

  test("counts restarts in place", () => {
    const template = { spec: { restartPolicy: "OnFailure", containers: [] } };
    const active = [podNamed("a", { restarts: 2 }), podNamed("b", { restarts: 1 })];
    const of = (backoffLimit: number) =>
      decideOutcome(jobWith({ template, backoffLimit, completions: 1 }), { ...counts, active }, nowMs);
    expect(of(3)?.reason).toBe("BackoffLimitExceeded");
    expect(of(4)).toBeUndefined();
  });

  test("fails at its deadline", () => {
    const at = (secondsAgo: number) =>
      jobWith({ activeDeadlineSeconds: 5, completions: 1 }, { startTime: ago(secondsAgo) });
    expect(decideOutcome(at(5), counts, nowMs)?.reason).toBe("DeadlineExceeded");
    expect(decideOutcome(at(4), counts, nowMs)).toBeUndefined();
  });

  test("is complete with all completions, or with one success where none are given", () => {
    expect(decideOutcome(jobWith({ completions: 2 }), { ...counts, succeeded: 2 }, nowMs)?.type).toBe("Complete");
    expect(decideOutcome(jobWith({ completions: 2 }), { ...counts, succeeded: 1 }, nowMs)).toBeUndefined();
    expect(decideOutcome(jobWith({}), { ...counts, succeeded: 1 }, nowMs)?.type).toBe("Complete");
    expect(decideOutcome(jobWith({}), { ...counts, succeeded: 1, active: [podNamed("a")] }, nowMs)).toBeUndefined();
  });
});

test.each([
  [{ completions: 5, parallelism: 2 }, 0, 0, 2],
  [{ completions: 5, parallelism: 2 }, 4, 0, 1],
  [{ parallelism: 3 }, 0, 1, 3],
  [{ parallelism: 3 }, 1, 2, 2],
  [{ completions: 5, parallelism: 0 }, 0, 0, 0],
])("wantedActive() of %j with %d succeeded and %d active is %d", (spec, succeeded, active, expected) => {
  expect(wantedActive(jobWith(spec), succeeded, active)).toBe(expected);
});
