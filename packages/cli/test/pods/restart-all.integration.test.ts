import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { resources } from "@wherry/client";
import type { Container, ContainerStatus, Pod } from "@wherry/kubernetes";
import { processEnded } from "@wherry/testkit";
import { expect, test } from "vitest";
import { sharedCluster } from "./shared-cluster.ts";

const cluster = sharedCluster();

const volumes = [{ name: "state", emptyDir: {} }];
const volumeMounts = [{ name: "state", mountPath: "/state" }];
const restartsAll: Pick<Container, "restartPolicy" | "restartPolicyRules"> = {
  restartPolicy: "Never",
  restartPolicyRules: [{ action: "RestartAllContainers", exitCodes: { operator: "In", values: [42] } }],
};

const statusOf = (pod: Pod, name: string): ContainerStatus | undefined =>
  [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])].find(
    (status) => status.name === name,
  );
const restartingOf = (pod: Pod) => pod.status?.conditions?.find(({ type }) => type === "AllContainersRestarting");
const begunAgain = { restartCount: 1, lastState: { terminated: { exitCode: 137, reason: "RestartingAllContainers" } } };

test("the node declares the feature", async () => {
  const node = await cluster().client.get(resources.nodes, "node-1");
  expect(node.status?.declaredFeatures).toContain("RestartAllContainersOnContainerExits");
});

test("a container's exit restarts the pod in place: init containers, volumes, address and node stay, and it may succeed", async () => {
  const { observer, node, client } = cluster();
  const init = { name: "init", args: ["append", "/state/runs", "run ", "exit", "0"], volumeMounts };
  const main = {
    name: "main",
    args: ["await", "/state/go", "cat", "/state/runs", "fail-once", "/state/tried", "42", "exit", "0"],
    volumeMounts,
    ...restartsAll,
  };
  // With a port the pod has an address of its own.
  const ports = [{ containerPort: 8080 }];
  const other = { name: "other", args: ["await", "/state/over", "exit", "0"], volumeMounts, ports };
  await cluster().createPod("batch", [main, other], {
    restartPolicy: "OnFailure",
    volumes,
    initContainers: [{ ...init, image: cluster().kit }],
  });
  const before = await observer.untilPhase("batch", "Running");
  const { pid } = node.hostOf(before, "other");
  const state = node.volumePath(before, "kubernetes.io~empty-dir/state");
  await writeFile(join(state, "go"), "");
  const again = await observer.until(
    "batch",
    "every container begun again",
    (pod) => statusOf(pod, "other")?.restartCount === 1 && statusOf(pod, "other")?.state?.running !== undefined,
  );
  await processEnded(pid);
  for (const name of ["init", "main", "other"]) expect(statusOf(again, name)).toMatchObject(begunAgain);
  expect(again.metadata?.uid).toBe(before.metadata?.uid);
  expect(again.status?.podIP).toBe(before.status?.podIP);
  const events = observer.events("batch").map(({ reason }) => reason);
  expect(events).toContain("Killing");
  expect(events).not.toContain("SandboxChanged");
  await writeFile(join(state, "over"), "");
  const after = await observer.untilPhase("batch", "Succeeded");
  expect(restartingOf(after)).toMatchObject({ status: "False", reason: "PodCompleted" });
  expect(await cluster().log("batch", { container: "main" })).toBe("run run ");
  const path = "/api/v1/namespaces/default/pods/batch/log?container=other&previous=true";
  expect((await client.raw("GET", path)).body.toString()).toContain(
    'previous terminated container \\"other\\" in pod \\"batch\\" not found',
  );
  const seen = observer.history("batch");
  expect(seen.map((pod) => restartingOf(pod)?.status)).toContain("False");
  expect(seen.map(({ status }) => status?.phase)).not.toContain("Failed");
});

test("what asked for the restart while there was no kubelet gets it when there is one again", async () => {
  const { observer, node } = cluster();
  const args = ["await", "/state/go", "fail-once", "/state/tried", "42", "hold"];
  const main = { name: "main", args, volumeMounts, ...restartsAll };
  await cluster().createPod("away", [main, { name: "other", args: ["hold"] }], { volumes });
  const before = await observer.untilPhase("away", "Running");
  const hosts = ["main", "other"].map((name) => node.hostOf(before, name).pid);
  await node.kill();
  await writeFile(join(node.volumePath(before, "kubernetes.io~empty-dir/state"), "go"), "");
  await processEnded(hosts[0]!);
  await node.start();
  const again = await observer.until("away", "both running again", (pod) =>
    ["main", "other"].every(
      (name) => statusOf(pod, name)?.restartCount === 1 && statusOf(pod, name)?.state?.running !== undefined,
    ),
  );
  for (const name of ["main", "other"]) expect(statusOf(again, name)).toMatchObject(begunAgain);
  await processEnded(hosts[1]!);
  expect(observer.history("away").map(({ status }) => status?.phase)).not.toContain("Failed");
  await cluster().deletePod("away", 0);
  await observer.untilGone("away");
});
