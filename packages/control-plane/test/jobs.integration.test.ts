import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWorkloadPlane, type WorkloadPlane } from "./workload-plane.ts";

let plane: WorkloadPlane;

beforeAll(async () => {
  plane = await startWorkloadPlane();
});

afterAll(async () => {
  expect(plane.kubelet.problems).toEqual([]);
  await plane[Symbol.asyncDispose]();
});

const base = "/apis/batch/v1/namespaces/default/jobs";
const pods = "/api/v1/namespaces/default/pods";

function jobOf(name: string, does: string, spec: Record<string, unknown> = {}) {
  return {
    metadata: { name },
    spec: {
      template: {
        metadata: { labels: { does } },
        spec: { restartPolicy: "Never", containers: [{ name: "main", image: "registry.example/app:1" }] },
      },
      ...spec,
    },
  };
}

interface WithConditions {
  readonly status: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[];
  };
}

const conditionsOf = ({ status }: WithConditions): string[] =>
  (status.conditions ?? []).map(({ type, status: is, reason }) => `${type} ${is} ${reason}`).sort();

const has = (object: WithConditions, text: string): boolean => conditionsOf(object).includes(text);

async function podsOf(job: string) {
  const { body } = await plane.admin.get(`${pods}?labelSelector=job-name=${job}`);
  return body.items;
}

describe("a Job", () => {
  test("runs as many pods as it wants completions, and counts each once", async () => {
    const { body } = await plane.admin.post(base, jobOf("three", "succeed", { completions: 3, parallelism: 2 }));
    const { uid } = body.metadata;
    expect(body.spec.selector.matchLabels).toEqual({ "batch.kubernetes.io/controller-uid": uid });
    expect(body.spec.template.metadata.labels).toEqual({
      does: "succeed",
      "batch.kubernetes.io/controller-uid": uid,
      "batch.kubernetes.io/job-name": "three",
      "controller-uid": uid,
      "job-name": "three",
    });
    const done = await plane.until(`${base}/three`, (job) => has(job, "Complete True CompletionsReached"));
    expect(conditionsOf(done)).toEqual([
      "Complete True CompletionsReached",
      "SuccessCriteriaMet True CompletionsReached",
    ]);
    expect(done.status).toMatchObject({ succeeded: 3, ready: 0, terminating: 0, uncountedTerminatedPods: {} });
    expect(done.status.failed).toBeUndefined();
    expect(done.status.completionTime).toBeDefined();
    const finished = await podsOf("three");
    expect(finished).toHaveLength(3);
    for (const pod of finished) {
      expect(pod.metadata.finalizers).toBeUndefined();
      expect(pod.metadata.generateName).toBe("three-");
    }
  });

  test("fails when more pods have failed than its limit allows", async () => {
    await plane.admin.post(base, jobOf("hopeless", "fail", { backoffLimit: 0, completions: 2, parallelism: 2 }));
    const done = await plane.until(`${base}/hopeless`, (job) => has(job, "Failed True BackoffLimitExceeded"));
    expect(conditionsOf(done)).toEqual(["Failed True BackoffLimitExceeded", "FailureTarget True BackoffLimitExceeded"]);
    expect(done.status.failed).toBe(2);
    expect(done.status.conditions[0].message).toBe("Job has reached the specified backoff limit");
  });

  test("ends its pods after its deadline", async () => {
    await plane.admin.post(base, jobOf("late", "run", { activeDeadlineSeconds: 1 }));
    const done = await plane.until(`${base}/late`, (job) => has(job, "Failed True DeadlineExceeded"));
    expect(done.status).toMatchObject({ failed: 1, terminating: 0 });
    expect(done.status.active).toBeUndefined();
  });

  test("in Indexed mode gives each pod its index", async () => {
    await plane.admin.post(
      base,
      jobOf("indexed", "hold", { completionMode: "Indexed", completions: 3, parallelism: 3 }),
    );
    await plane.until(`${base}/indexed`, (job) => job.status.active === 3);
    const found = await podsOf("indexed");
    const indexOf = (pod: { metadata: { annotations: Record<string, string> } }) =>
      pod.metadata.annotations["batch.kubernetes.io/job-completion-index"];
    expect(found.map(indexOf).sort()).toEqual(["0", "1", "2"]);
    for (const pod of found) {
      expect(pod.metadata.name).toMatch(new RegExp(`^indexed-${indexOf(pod)}-`));
      expect(pod.metadata.labels["batch.kubernetes.io/job-completion-index"]).toBe(indexOf(pod));
      expect(pod.spec.hostname).toBe(`indexed-${indexOf(pod)}`);
      expect(pod.spec.containers[0].env).toEqual([
        {
          name: "JOB_COMPLETION_INDEX",
          valueFrom: {
            fieldRef: { apiVersion: "v1", fieldPath: "metadata.labels['batch.kubernetes.io/job-completion-index']" },
          },
        },
      ]);
    }
    const nameOf = (index: string) => found.find((pod: never) => indexOf(pod) === index).metadata.name;
    await plane.kubelet.report("default", nameOf("0"), "succeed");
    await plane.kubelet.report("default", nameOf("2"), "succeed");
    await plane.until(`${base}/indexed`, (job) => job.status.completedIndexes === "0,2");
    await plane.kubelet.report("default", nameOf("1"), "succeed");
    const done = await plane.until(`${base}/indexed`, (job) => has(job, "Complete True CompletionsReached"));
    expect(done.status).toMatchObject({ completedIndexes: "0-2", succeeded: 3 });
  });

  test("without completions ends when its first pod has succeeded and the others have ended", async () => {
    const spec = { completions: undefined, parallelism: 2 };
    await plane.admin.post(base, jobOf("queue", "hold", spec));
    await plane.until(`${base}/queue`, (job) => job.status.active === 2);
    const [first, second] = await podsOf("queue");
    await plane.kubelet.report("default", first.metadata.name, "succeed");
    await plane.until(`${base}/queue`, (job) => job.status.succeeded === 1 && job.status.active === 1);
    await plane.kubelet.report("default", second.metadata.name, "succeed");
    const done = await plane.until(`${base}/queue`, (job) => has(job, "Complete True CompletionsReached"));
    expect(done.status.succeeded).toBe(2);
  });

  test("suspended has no pods, and goes on when resumed", async () => {
    await plane.admin.post(base, jobOf("sleeper", "run", { suspend: true }));
    const asleep = await plane.until(`${base}/sleeper`, (job) => has(job, "Suspended True JobSuspended"));
    expect(asleep.status.startTime).toBeUndefined();
    expect(await podsOf("sleeper")).toEqual([]);
    await plane.admin.patch(`${base}/sleeper`, { spec: { suspend: false } });
    const awake = await plane.until(`${base}/sleeper`, (job) => job.status.ready === 1);
    expect(conditionsOf(awake)).toEqual(["Suspended False JobResumed"]);
    using watch = await plane.admin.watch(`${pods}?labelSelector=job-name=sleeper`);
    await plane.admin.patch(`${base}/sleeper`, { spec: { suspend: true } });
    await watch.find(({ type }) => type === "DELETED");
    const again = await plane.until(
      `${base}/sleeper`,
      (job) =>
        has(job, "Suspended True JobSuspended") && job.status.active === undefined && job.status.terminating === 0,
    );
    expect(again.status.failed).toBeUndefined();
  });

  test("fails or goes on by its pod failure policy", async () => {
    const rules = (action: string) => ({
      podFailurePolicy: { rules: [{ action, onExitCodes: { operator: "In", values: [7] } }] },
      backoffLimit: 0,
    });
    await plane.admin.post(base, jobOf("judged", "fail", rules("FailJob")));
    const failed = await plane.until(`${base}/judged`, (job) => has(job, "Failed True PodFailurePolicy"));
    expect(failed.status.conditions[0].message).toMatch(
      /^Container main for pod default\/judged-\w+ failed with exit code 7 matching FailJob rule at index 0$/,
    );
    await plane.admin.post(base, jobOf("pardoned", "hold", rules("Ignore")));
    await plane.until(`${base}/pardoned`, (job) => job.status.active === 1);
    const [pod] = await podsOf("pardoned");
    await plane.kubelet.report("default", pod.metadata.name, "fail");
    const gone = await plane.until(`${pods}/${pod.metadata.name}`, ({ metadata }) => metadata.finalizers === undefined);
    expect(gone.status.phase).toBe("Failed");
    const { body } = await plane.admin.get(`${base}/pardoned`);
    expect(body.status.failed).toBeUndefined();
    expect(conditionsOf(body)).toEqual([]);
  });

  test("goes when it has been kept for its time to live", async () => {
    using watch = await plane.admin.watch(`${base}?fieldSelector=metadata.name=brief`);
    await plane.admin.post(base, jobOf("brief", "succeed", { ttlSecondsAfterFinished: 0 }));
    await watch.find(({ type }) => type === "DELETED");
  });

  test.each([["Background"], ["Foreground"]])(
    "deleted with propagation %s does not hold its pods",
    async (propagationPolicy) => {
      const name = `cut-${propagationPolicy.toLowerCase()}`;
      await plane.admin.post(base, jobOf(name, "run"));
      await plane.until(`${base}/${name}`, (job) => job.status.ready === 1);
      using watch = await plane.admin.watch(`${pods}?labelSelector=job-name=${name}`);
      await plane.admin.delete(`${base}/${name}`, { propagationPolicy });
      await watch.find(({ type }) => type === "DELETED");
    },
  );

  test.each([
    [{ backoffLimit: -1 }, "spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0"],
    [
      { completionMode: "Indexed", parallelism: 1 },
      "spec.completions: Required value: when completion mode is Indexed",
    ],
    [
      { template: { spec: { containers: [{ name: "main", image: "x" }] } } },
      'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    ],
  ])("is refused with %j", async (spec, problem) => {
    const { code, body } = await plane.admin.post(base, jobOf("bad", "run", spec));
    expect(code).toBe(422);
    expect(body.message).toBe(`Job.batch "bad" is invalid: ${problem}`);
  });
});
