import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { resources } from "@wherry/client";
import type { Pod } from "@wherry/kubernetes";
import { eventually, processEnded } from "@wherry/testkit";
import { expect, test } from "vitest";
import { sharedCluster } from "./shared-cluster.ts";

const cluster = sharedCluster();
const namespace = "default";

const readyOf = (pod: Pod) => pod.status?.conditions?.find(({ type }) => type === "Ready")?.status;
const statusOf = (pod: Pod | undefined) => pod?.status?.containerStatuses?.[0];

/** Reads ticks until `count` have come, and checks that none is missing, doubled or out of order. */
async function readTicks(name: string, count: number): Promise<void> {
  let expected = 0;
  for await (const line of cluster().logLines(name, { follow: true })) {
    expect(line).toBe(`tick ${++expected}`);
    if (expected === count) return;
  }
  throw new Error(`The log of "${name}" ended after ${expected} lines`);
}

test("ten pods outlive a kubelet that is killed: they go on, their statuses stay true, their logs continue", async () => {
  const { observer, node } = cluster();
  const names = Array.from({ length: 10 }, (_, index) => `survivor-${index}`);
  const spec = { restartPolicy: "Always", volumes: [{ name: "state", emptyDir: {} }] };
  const volumeMounts = [{ name: "state", mountPath: "/state" }];
  for (const name of names.slice(0, 8)) await cluster().createPod(name, ["tick", "50"], { restartPolicy: "Always" });
  // Two that end while no kubelet looks: the host notes how, and the next kubelet tells.
  await cluster().createPod(
    names[8]!,
    { args: ["await", "/state/go", "exit", "0"], volumeMounts },
    { ...spec, restartPolicy: "Never" },
  );
  await cluster().createPod(
    names[9]!,
    { args: ["await", "/state/go", "exit", "7"], volumeMounts },
    { ...spec, restartPolicy: "Never" },
  );
  const before = new Map<string, Pod>();
  for (const name of names) before.set(name, await observer.untilPhase(name, "Running"));
  await readTicks(names[0]!, 3);
  const hosts = new Map(names.map((name) => [name, node.hostOf(before.get(name)!).pid]));

  await node.kill();
  for (const name of names.slice(8)) {
    const volume = `${node.rootDirectory}/pods/${before.get(name)?.metadata?.uid}/volumes/kubernetes.io~empty-dir/state`;
    await writeFile(`${volume}/go`, "");
  }
  await node.start();

  await observer.untilPhase(names[8]!, "Succeeded");
  const failed = await observer.untilPhase(names[9]!, "Failed");
  expect(statusOf(failed)?.state?.terminated).toMatchObject({ exitCode: 7, reason: "Error" });
  const reached = 60;
  await Promise.all(names.slice(0, 8).map((name) => readTicks(name, reached)));
  for (const name of names.slice(0, 8)) {
    const pod = observer.pod(name);
    expect(node.hostOf(pod!).pid).toBe(hosts.get(name));
    expect(statusOf(pod)).toEqual(statusOf(before.get(name)));
    // Not for a moment did it look as if something had happened to the pod.
    const seen = observer.history(name).filter(({ status }) => status?.phase !== "Pending");
    expect(new Set(seen.map(({ status }) => status?.phase))).toEqual(new Set(["Running"]));
    expect(new Set(seen.map((version) => statusOf(version)?.restartCount))).toEqual(new Set([0]));
    expect(new Set(seen.map((version) => readyOf(version)))).toEqual(new Set(["True"]));
  }
  await Promise.all(names.map((name) => cluster().deletePod(name)));
  await Promise.all(names.map((name) => observer.untilGone(name)));
  await Promise.all([...hosts.values()].map((pid) => processEnded(pid)));
});

test("pods deleted while there is no kubelet end when there is one again", async () => {
  const { client, observer, node } = cluster();
  await cluster().createPod("orphan", ["hold"]);
  await cluster().createPod("forced-orphan", ["hold"]);
  const pids: number[] = [];
  for (const name of ["orphan", "forced-orphan"])
    pids.push(node.hostOf(await observer.untilPhase(name, "Running")).pid);
  await node.kill();
  await cluster().deletePod("orphan");
  await cluster().deletePod("forced-orphan", 0);
  await cluster().createPod("newcomer", ["exit", "0"]);
  await node.start();
  await observer.untilGone("orphan");
  await observer.untilPhase("newcomer", "Succeeded");
  await Promise.all(pids.map((pid) => processEnded(pid)));
  expect((await client.list(resources.pods, { namespace })).items.map(({ metadata }) => metadata?.name)).toEqual([
    "newcomer",
  ]);
});

test("a host process that dies while no kubelet looks is told by the next one", async () => {
  const { observer, node } = cluster();
  await cluster().createPod("lost", ["hold"], { restartPolicy: "Always" });
  const host = node.hostOf(await observer.untilPhase("lost", "Running"));
  await node.kill();
  process.kill(host.pid, "SIGKILL");
  await processEnded(host.pid);
  await node.start();
  const pod = await observer.until("lost", "a restart", (seen) => {
    const status = statusOf(seen);
    return status?.restartCount === 1 && status.state?.running !== undefined;
  });
  expect(statusOf(pod)?.lastState?.terminated).toMatchObject({ exitCode: 137 });
  expect(statusOf(pod)?.lastState?.terminated?.message).toMatch(/host process/);
  await cluster().deletePod("lost", 0);
});

test("a kubelet that starts while there is no API server waits for it, and its pods never notice", async () => {
  const { observer, node, plane } = cluster();
  await cluster().createPod("unaware", ["tick", "50"], { restartPolicy: "Always" });
  const before = await observer.untilPhase("unaware", "Running");
  await plane.restart(async () => {
    await node.kill();
    const child = await node.launch();
    await child.line("that it cannot connect", (line) => (/ECONNREFUSED/.test(line) ? true : undefined));
  });
  const port = await node.registered();
  await observer.untilNode(
    node.name,
    "its new port",
    ({ status }) => status?.daemonEndpoints?.kubeletEndpoint?.Port === port,
  );
  // The node's API answers before its pods are known again.
  await eventually("the kubelet knowing its pods", async () => {
    for await (const line of cluster().logLines("unaware", {})) return line !== "";
    return false;
  });
  await readTicks("unaware", 40);
  expect(statusOf(observer.pod("unaware"))).toEqual(statusOf(before));
  await cluster().deletePod("unaware");
  await observer.untilGone("unaware");
});

test("an API server that is killed and comes back finds everything as it went on without it", async () => {
  const { observer, plane } = cluster();
  const state = await mkdtemp(join(cluster().directory, "state-"));
  await cluster().createPod("steady", ["tick", "50"], { restartPolicy: "Always" });
  await cluster().createPod(
    "brief",
    {
      args: ["print", "worked", "await", "/state/go", "exit", "4"],
      volumeMounts: [{ name: "state", mountPath: "/state" }],
    },
    { volumes: [{ name: "state", hostPath: { path: state } }] },
  );
  for (const name of ["steady", "brief"]) await observer.untilPhase(name, "Running");
  const restarted = plane.restart();
  await writeFile(join(state, "go"), "");
  await restarted;
  const failed = await observer.untilPhase("brief", "Failed");
  expect(statusOf(failed)?.state?.terminated).toMatchObject({ exitCode: 4, reason: "Error" });
  await cluster().createPod("after", ["print", "hello"]);
  await observer.untilPhase("after", "Succeeded");
  expect(await cluster().log("after")).toBe("hello\n");
  expect(await cluster().log("brief")).toBe("worked\n");
  await readTicks("steady", 30);
  expect(statusOf(observer.pod("steady"))?.restartCount).toBe(0);
  await observer.untilNode("node-1", "Ready", (node) =>
    (node.status?.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True"),
  );
  await cluster().deletePod("steady");
  await observer.untilGone("steady");
});
