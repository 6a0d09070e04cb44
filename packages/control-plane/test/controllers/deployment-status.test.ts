import type { DeploymentStatus } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import {
  deadlineInMs,
  type Now,
  pauseConditions,
  rolloutStatus,
} from "../../src/controllers/deployment/deployment-status.ts";
import {
  findNewReplicaSet,
  newReplicaSetAnnotations,
  replicaSetsToForget,
} from "../../src/controllers/deployment/revisions.ts";
import { ago, deploymentWith, nowMs, replicaSetNamed } from "./builders.ts";

const now: Now = { text: ago(0), ms: nowMs };

function deployment(status: DeploymentStatus = {}, deadline: number | undefined = 10) {
  const made = deploymentWith(3, 1, 1);
  return {
    ...made,
    spec: { ...made.spec, progressDeadlineSeconds: deadline } as NonNullable<typeof made.spec>,
    status,
  };
}

const progressing = (reason: string, secondsAgo: number, status = "True") => ({
  type: "Progressing",
  status,
  reason,
  lastUpdateTime: ago(secondsAgo),
  lastTransitionTime: ago(secondsAgo),
});

const reasonOf = ({ conditions }: DeploymentStatus, type: string) => {
  const found = conditions?.find((condition) => condition.type === type);
  return found && `${found.status} ${found.reason}`;
};

describe("rolloutStatus()", () => {
  test("is complete when all pods are new and available", () => {
    const status = rolloutStatus(deployment(), replicaSetNamed("new", 3, 3), [replicaSetNamed("old", 0, 0)], now);
    expect(status).toMatchObject({ replicas: 3, updatedReplicas: 3, availableReplicas: 3, unavailableReplicas: 0 });
    expect(reasonOf(status, "Progressing")).toBe("True NewReplicaSetAvailable");
    expect(reasonOf(status, "Available")).toBe("True MinimumReplicasAvailable");
  });

  test("progresses while counts move, and its deadline begins anew", () => {
    const before = { conditions: [progressing("NewReplicaSetCreated", 9)] };
    const status = rolloutStatus(deployment(before), replicaSetNamed("new", 3, 1), [], now);
    expect(status.conditions?.find(({ type }) => type === "Progressing")).toEqual({
      ...progressing("ReplicaSetUpdated", 0),
      message: 'ReplicaSet "new" is progressing.',
      lastTransitionTime: ago(9),
    });
    expect(reasonOf(status, "Available")).toBe("False MinimumReplicasUnavailable");
  });

  test("has failed when nothing moved within the deadline, and recovers", () => {
    const counts = { replicas: 3, updatedReplicas: 3, availableReplicas: 1 };
    const stuck = { ...counts, conditions: [progressing("ReplicaSetUpdated", 11)] };
    const failed = rolloutStatus(deployment(stuck), replicaSetNamed("new", 3, 1), [], now);
    expect(reasonOf(failed, "Progressing")).toBe("False ProgressDeadlineExceeded");
    const recovered = rolloutStatus(deployment(failed), replicaSetNamed("new", 3, 3), [], now);
    expect(reasonOf(recovered, "Progressing")).toBe("True NewReplicaSetAvailable");
  });

  test("says nothing of progress without a deadline", () => {
    const made = deployment({ conditions: [progressing("ReplicaSetUpdated", 1)] });
    const { progressDeadlineSeconds: _, ...spec } = made.spec;
    expect(
      reasonOf(rolloutStatus({ ...made, spec }, replicaSetNamed("new", 3, 1), [], now), "Progressing"),
    ).toBeUndefined();
  });

  test("takes over what keeps a ReplicaSet from creating pods", () => {
    const failing = replicaSetNamed("new", 3, 0);
    const conditions = [{ type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: "no" }];
    failing.status = { replicas: 0, conditions };
    expect(reasonOf(rolloutStatus(deployment(), failing, [], now), "ReplicaFailure")).toBe("True FailedCreate");
  });
});

describe("deadlineInMs()", () => {
  test("counts from the last progress", () => {
    const status = { conditions: [progressing("ReplicaSetUpdated", 4)] };
    expect(deadlineInMs(deployment(status), status, nowMs)).toBe(6000);
    const done = { conditions: [progressing("NewReplicaSetAvailable", 4)] };
    expect(deadlineInMs(deployment(done), done, nowMs)).toBeUndefined();
  });
});

describe("pauseConditions()", () => {
  test("notes a pause and its end once", () => {
    const paused = deployment({ conditions: [progressing("NewReplicaSetAvailable", 4)] });
    paused.spec.paused = true;
    const noted = pauseConditions(paused, now);
    expect(noted?.[0]).toMatchObject({ status: "Unknown", reason: "DeploymentPaused" });
    const again = deployment({ conditions: noted });
    expect(pauseConditions({ ...again, spec: { ...again.spec, paused: true } }, now)).toBeUndefined();
    expect(pauseConditions(again, now)?.[0]).toMatchObject({ reason: "DeploymentResumed" });
  });
});

describe("findNewReplicaSet()", () => {
  test("compares templates without their hash, and takes the oldest of several", () => {
    const made = deployment();
    made.spec.template = { metadata: { labels: { app: "x" } }, spec: { containers: [{ name: "a" }] } };
    const withTemplate = (name: string, labels: Record<string, string>, age: number) => {
      const set = replicaSetNamed(name, 1, 1);
      set.metadata = { ...set.metadata, creationTimestamp: ago(age) };
      set.spec = { selector: {}, template: { ...made.spec.template, metadata: { labels } } };
      return set;
    };
    const sets = [
      withTemplate("other", { app: "y" }, 30),
      withTemplate("young", { app: "x", "pod-template-hash": "1" }, 10),
      withTemplate("old", { app: "x", "pod-template-hash": "2" }, 20),
    ];
    expect(findNewReplicaSet(made, sets)?.metadata?.name).toBe("old");
  });
});

describe("newReplicaSetAnnotations()", () => {
  const revision = "deployment.kubernetes.io/revision";
  const history = "deployment.kubernetes.io/revision-history";

  test("copies the deployment's, except those about applying and revisions", () => {
    const made = deployment();
    const annotations = {
      "kubernetes.io/change-cause": "why",
      [revision]: "7",
      "kubectl.kubernetes.io/last-applied-configuration": "{}",
    };
    expect(newReplicaSetAnnotations({ ...made, metadata: { annotations } }, undefined, 1)).toEqual({
      "kubernetes.io/change-cause": "why",
      [revision]: "1",
    });
  });

  test("remembers former revisions", () => {
    const before = { [revision]: "3", [history]: "1" };
    expect(newReplicaSetAnnotations(deployment(), before, 5)).toEqual({ [revision]: "5", [history]: "1,3" });
    expect(newReplicaSetAnnotations(deployment(), before, 3)).toEqual(before);
  });
});

describe("replicaSetsToForget()", () => {
  test("names the lowest revisions that have no pods", () => {
    const made = deployment();
    made.spec.revisionHistoryLimit = 1;
    const of = (name: string, number: number, size = 0) =>
      replicaSetNamed(name, size, size, { "deployment.kubernetes.io/revision": String(number) });
    const sets = [of("c", 10), of("a", 2), of("b", 9), of("busy", 1, 1)];
    expect(replicaSetsToForget(made, sets).map(({ metadata }) => metadata?.name)).toEqual(["a", "b"]);
    expect(replicaSetsToForget(made, sets.slice(0, 1))).toEqual([]);
  });
});
