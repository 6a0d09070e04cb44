// Probes and hooks that run commands in guests: each is one more guest of the pod, of the container's own module.
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Container, Pod, Probe } from "@wherry/kubernetes";
import { eventually, processEnded } from "@wherry/testkit";
import { describe, expect, test } from "vitest";
import { sharedCluster } from "./shared-cluster.ts";

const cluster = sharedCluster();

const restartsOf = ({ status }: Pod) => status?.containerStatuses?.[0]?.restartCount ?? 0;
const isReady = ({ status }: Pod) =>
  status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") === true;
const reasonsOf = (name: string) =>
  cluster()
    .observer.events(name)
    .map(({ reason }) => reason);

/** On a machine with little to spare a process takes its time. */
const catHealth: Probe = {
  exec: { command: ["workload", "cat", "/tmp/health"] },
  periodSeconds: 1,
  failureThreshold: 1,
  timeoutSeconds: 30,
};

/** Creates a pod of a guest that is called "workload" and has a file "/tmp/health". */
async function createHealthy(name: string, container: Partial<Container>): Promise<void> {
  await cluster().createPod(
    name,
    {
      command: ["workload"],
      args: ["write", "/tmp/health", "well\n", "hold"],
      volumeMounts: [{ name: "state", mountPath: "/tmp" }],
      ...container,
    },
    { restartPolicy: "Always", volumes: [{ name: "state", emptyDir: {} }] },
  );
}

/** How many probes of a pod went well so far, by the node's metrics. */
async function successes(pod: string): Promise<number> {
  const { body } = await cluster().client.raw("GET", "/api/v1/nodes/node-1/proxy/metrics/probes");
  const lines = body.toString().split("\n");
  const line = lines.find(
    (text) => /^prober_probe_total\{.*result="successful"/.test(text) && text.includes(`"${pod}"`),
  );
  return Number(line?.split(" ").at(-1) ?? 0);
}

describe.concurrent("a probe that runs a command", () => {
  test('should be restarted with a exec "cat /tmp/health" liveness probe', async () => {
    const { observer, node } = cluster();
    await createHealthy("exec-ill", { livenessProbe: catHealth, readinessProbe: catHealth });
    const pod = await observer.until("exec-ill", "ready", isReady);
    await rm(join(node.volumePath(pod, "kubernetes.io~empty-dir/state"), "health"));
    await observer.untilEvent("exec-ill", "Unhealthy", /^Liveness probe failed: .*health/);
    await observer.untilEvent("exec-ill", "Killing", /^Container main failed liveness probe, will be restarted$/);
    await observer.until("exec-ill", "ready again", (seen) => restartsOf(seen) === 1 && isReady(seen));
    await cluster().deletePod("exec-ill", 0);
  });

  test('should *not* be restarted with a exec "cat /tmp/health" liveness probe', async () => {
    const { observer } = cluster();
    await createHealthy("exec-well", { livenessProbe: catHealth });
    await observer.untilPhase("exec-well", "Running");
    await eventually("three probes that went well", async () => (await successes("exec-well")) >= 3);
    expect(restartsOf(observer.pod("exec-well")!)).toBe(0);
    expect(reasonsOf("exec-well")).not.toContain("Unhealthy");
    await cluster().deletePod("exec-well", 0);
  });

  test("for which there is no program finds nothing out, says why, and ends nothing", async () => {
    const { observer } = cluster();
    const livenessProbe = { ...catHealth, exec: { command: ["cat", "/tmp/health"] } };
    await createHealthy("exec-unknown", { livenessProbe, readinessProbe: catHealth });
    await observer.untilEvent(
      "exec-unknown",
      "Unhealthy",
      /^Liveness probe errored and resulted in unknown state: Cannot execute "cat" in container "main": it has no such program, expected "workload" or "module\.wasm"/,
    );
    await observer.until("exec-unknown", "ready", isReady);
    expect(restartsOf(observer.pod("exec-unknown")!)).toBe(0);
    await cluster().deletePod("exec-unknown", 0);
  });

  test("that takes too long has failed, also when its guest computes without a pause", async () => {
    const { observer } = cluster();
    const livenessProbe = { ...catHealth, timeoutSeconds: 1, exec: { command: ["workload", "spin"] } };
    await createHealthy("exec-slow", { livenessProbe });
    await observer.untilEvent(
      "exec-slow",
      "Unhealthy",
      /^Liveness probe failed: command timed out: "workload spin" timed out after 1s$/,
    );
    await observer.untilEvent("exec-slow", "Killing", /^Container main failed liveness probe, will be restarted$/);
    await cluster().deletePod("exec-slow", 0);
  });
});

describe.concurrent("a hook that runs a command", () => {
  test("should execute poststart exec hook properly", async () => {
    const postStart = { exec: { command: ["workload", "write", "/tmp/hook", "started\n", "write", "/tmp/go", ""] } };
    await createHealthy("exec-post-start", {
      args: ["await", "/tmp/go", "cat", "/tmp/hook", "hold"],
      lifecycle: { postStart },
    });
    await cluster().observer.untilPhase("exec-post-start", "Running");
    await eventually("the guest's line", async () => (await cluster().log("exec-post-start")) === "started\n");
    expect(reasonsOf("exec-post-start")).not.toContain("FailedPostStartHook");
  });

  test("should execute prestop exec hook properly", async () => {
    const { observer } = cluster();
    const path = await mkdtemp(join(cluster().directory, "pre-stop-"));
    const preStop = { exec: { command: ["workload", "write", "/told/hook", "stopping\n"] } };
    await cluster().createPod(
      "exec-pre-stop",
      {
        command: ["workload"],
        args: ["hold"],
        lifecycle: { preStop },
        volumeMounts: [{ name: "told", mountPath: "/told" }],
      },
      { volumes: [{ name: "told", hostPath: { path } }], terminationGracePeriodSeconds: 60 },
    );
    await observer.untilPhase("exec-pre-stop", "Running");
    expect(existsSync(join(path, "hook"))).toBe(false);
    await cluster().deletePod("exec-pre-stop");
    await observer.untilGone("exec-pre-stop");
    expect(await readFile(join(path, "hook"), "utf8")).toBe("stopping\n");
    expect(reasonsOf("exec-pre-stop")).not.toContain("FailedPreStopHook");
  });

  test("that fails after the start is the end of the container", async () => {
    const { observer } = cluster();
    const lifecycle = { postStart: { exec: { command: ["workload", "exit", "3"] } } };
    await cluster().createPod("exec-hook-fails", { command: ["workload"], args: ["hold"], lifecycle });
    await observer.untilPhase("exec-hook-fails", "Failed");
    await observer.untilEvent("exec-hook-fails", "FailedPostStartHook", /^PostStartHook failed$/);
  });
});

test("a command that outlived its kubelet is ended by the next one, and is no container", async () => {
  const { observer, node } = cluster();
  // Its directory has a file to wait for once it runs.
  const path = await mkdtemp(join(cluster().directory, "left-"));
  const preStop = { exec: { command: ["workload", "append", "/told/runs", "x", "spin"] } };
  await cluster().createPod(
    "exec-left",
    {
      command: ["workload"],
      args: ["hold"],
      lifecycle: { preStop },
      volumeMounts: [{ name: "told", mountPath: "/told" }],
    },
    { volumes: [{ name: "told", hostPath: { path } }], terminationGracePeriodSeconds: 600 },
  );
  const pod = await observer.untilPhase("exec-left", "Running");
  const { containerId, sandboxId } = node.hostOf(pod);
  const commands = () =>
    node.hosts().filter((host) => host.sandboxId === sandboxId && host.containerId !== containerId);
  await cluster().deletePod("exec-left");
  await eventually("the command", async () => existsSync(join(path, "runs")));
  const [left] = commands();
  await node.kill();
  expect(commands()).toEqual([left]);
  await node.start();
  await processEnded(left!.pid);
  // The hook had not ended, so the next kubelet runs it again.
  await eventually("the command anew", async () => (await readFile(join(path, "runs"), "utf8")) === "xx");
  expect(observer.pod("exec-left")?.status?.containerStatuses).toHaveLength(1);
  await cluster().deletePod("exec-left", 0);
  await observer.untilGone("exec-left");
  await eventually("the end of the command", async () => commands().length === 0);
});
