import type { ContainerStatus, Pod } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { sharedCluster } from "./shared-cluster.ts";

const cluster = sharedCluster();

const statusOf = (pod: Pod): ContainerStatus | undefined => pod.status?.containerStatuses?.[0];
const terminatedOf = (pod: Pod) => statusOf(pod)?.state?.terminated;

/** An emptyDir that outlives the containers of a pod. */
const state = {
  volumes: [{ name: "state", emptyDir: {} }],
  volumeMounts: [{ name: "state", mountPath: "/state" }],
};

describe.concurrent("the end of a container", () => {
  test.each([
    ["an exit with 0", ["exit", "0"], "Succeeded", { exitCode: 0, reason: "Completed" }],
    ["an exit with 3", ["exit", "3"], "Failed", { exitCode: 3, reason: "Error" }],
    ["an exit with 255", ["exit", "255"], "Failed", { exitCode: 255, reason: "Error" }],
    ["a trap", ["trap"], "Failed", { exitCode: 134, message: expect.stringContaining("unreachable") }],
    ["an exhausted stack", ["overflow"], "Failed", { exitCode: 134, message: expect.stringMatching(/stack/i) }],
  ])("%s is told as what it was", async (name, args, phase, terminated) => {
    const podName = name.replaceAll(" ", "-");
    await cluster().createPod(podName, args);
    const pod = await cluster().observer.untilPhase(podName, phase);
    expect(terminatedOf(pod)).toMatchObject(terminated);
    expect(statusOf(pod)).toMatchObject({
      ready: false,
      restartCount: 0,
      containerID: expect.stringMatching(/^wherry:/),
    });
    expect(Date.parse(terminatedOf(pod)?.startedAt ?? "")).toBeLessThanOrEqual(
      Date.parse(terminatedOf(pod)?.finishedAt ?? ""),
    );
  });

  test("memory beyond the limit is refused to the guest, within it is not", async () => {
    await cluster().createPod("memory", {
      args: ["allocate", "8", "allocate", "64", "allocate", "8"],
      resources: { limits: { memory: "32Mi" } },
    });
    await cluster().observer.untilPhase("memory", "Succeeded");
    expect(await cluster().log("memory")).toBe("allocated 8 MiB\nrefused 64 MiB\nallocated 8 MiB\n");
  });

  test("one failed container makes the pod fail when all have ended", async () => {
    await cluster().createPod("mixed", [
      { name: "good", args: ["exit", "0"] },
      { name: "bad", args: ["exit", "7"] },
    ]);
    const pod = await cluster().observer.untilPhase("mixed", "Failed");
    const codes = pod.status?.containerStatuses?.map(({ name, state }) => [name, state?.terminated?.exitCode]);
    expect(codes?.toSorted()).toEqual([
      ["bad", 7],
      ["good", 0],
    ]);
  });
});

describe.concurrent("restarts", () => {
  test("OnFailure restarts a failed container until it succeeds, and shows the instance before", async () => {
    const container = { args: ["fail-once", "/state/tried", "5", "exit", "0"], volumeMounts: state.volumeMounts };
    await cluster().createPod("on-failure", container, { restartPolicy: "OnFailure", volumes: state.volumes });
    const pod = await cluster().observer.untilPhase("on-failure", "Succeeded");
    expect(statusOf(pod)).toMatchObject({
      restartCount: 1,
      state: { terminated: { exitCode: 0, reason: "Completed" } },
      lastState: { terminated: { exitCode: 5, reason: "Error" } },
    });
    expect(statusOf(pod)?.lastState?.terminated?.containerID).not.toBe(statusOf(pod)?.containerID);
  });

  test("Always restarts a container that succeeded", async () => {
    await cluster().createPod("always", ["exit", "0"], { restartPolicy: "Always" });
    const pod = await cluster().observer.until("always", "two restarts", (seen) => statusOf(seen)?.restartCount === 2);
    expect(statusOf(pod)?.lastState?.terminated).toMatchObject({ exitCode: 0, reason: "Completed" });
    expect(
      cluster()
        .observer.history("always")
        .map(({ status }) => status?.phase),
    ).not.toContain("Succeeded");
    await cluster().deletePod("always");
  });

  test("Never leaves a failed container as it is", async () => {
    await cluster().createPod("never", ["exit", "9"]);
    const pod = await cluster().observer.untilPhase("never", "Failed");
    expect(statusOf(pod)?.restartCount).toBe(0);
    expect(pod.status?.conditions?.find(({ type }) => type === "Ready")).toMatchObject({ status: "False" });
  });

  test.each([
    ["in", "In", [42]],
    ["not-in", "NotIn", [0, 9]],
  ])(
    "restartPolicyRules (%s) restart a container by its exit code though its policy is Never",
    async (name, operator, values) => {
      const podName = `rule-${name}`;
      const container = {
        args: ["fail-once", "/state/tried", "42", "exit", "9"],
        volumeMounts: state.volumeMounts,
        restartPolicy: "Never",
        restartPolicyRules: [{ action: "Restart", exitCodes: { operator, values } }],
      };
      await cluster().createPod(podName, container, { volumes: state.volumes });
      const pod = await cluster().observer.untilPhase(podName, "Failed");
      expect(statusOf(pod)).toMatchObject({
        restartCount: 1,
        state: { terminated: { exitCode: 9, reason: "Error" } },
        lastState: { terminated: { exitCode: 42, reason: "Error" } },
      });
      const before = cluster()
        .observer.history(podName)
        .filter((seen) => (statusOf(seen)?.restartCount ?? 0) === 0);
      expect(before.map(({ status }) => status?.phase)).not.toContain("Failed");
    },
  );

  test("a container that fails again and again waits in CrashLoopBackOff, with a count that only rises", async () => {
    const { observer } = cluster();
    await cluster().createPod("crash", ["print", "tried", "exit", "1"], { restartPolicy: "Always" });
    const waiting = await observer.until("crash", "CrashLoopBackOff after two restarts", (pod) => {
      const status = statusOf(pod);
      return (status?.restartCount ?? 0) >= 2 && status?.state?.waiting?.reason === "CrashLoopBackOff";
    });
    expect(statusOf(waiting)).toMatchObject({
      state: {
        waiting: { message: expect.stringMatching(/^back-off 1s restarting failed container=main pod=crash_default/) },
      },
      lastState: { terminated: { exitCode: 1, reason: "Error" } },
    });
    expect(waiting.status?.phase).toBe("Running");
    await observer.untilEvent("crash", "BackOff", /^Back-off restarting failed container main in pod crash_default/);
    const counts = observer.history("crash").map((pod) => statusOf(pod)?.restartCount ?? 0);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    await cluster().deletePod("crash");
    await observer.untilGone("crash");
  });

  test("a host process ended by SIGKILL is told in the status, and the pod's policy decides", async () => {
    const { observer, node } = cluster();
    const containers = [
      { name: "one", args: ["hold"] },
      { name: "two", args: ["hold"] },
    ];
    await cluster().createPod("killed-always", containers, { restartPolicy: "Always" });
    await cluster().createPod("killed-never", ["hold"]);
    for (const name of ["killed-always", "killed-never"]) {
      const pod = await observer.untilPhase(name, "Running");
      const names = (pod.spec?.containers ?? []).map((container) => container.name);
      for (const { pid } of names.map((container) => node.hostOf(pod, container))) process.kill(pid, "SIGKILL");
    }
    const ended = { exitCode: 137, reason: "Error", message: expect.stringMatching(/SIGKILL/) };
    const restarted = await observer.until("killed-always", "both containers running again", (pod) =>
      (pod.status?.containerStatuses ?? []).every(({ restartCount, state: now }) => restartCount === 1 && now?.running),
    );
    for (const status of restarted.status?.containerStatuses ?? [])
      expect(status.lastState?.terminated).toMatchObject(ended);
    const failed = await observer.untilPhase("killed-never", "Failed");
    expect(terminatedOf(failed)).toMatchObject(ended);
    await cluster().deletePod("killed-always", 0);
  });
});
