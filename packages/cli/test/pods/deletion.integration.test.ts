import { existsSync } from "node:fs";
import { join } from "node:path";
import { isNotFound, resources } from "@wherry/client";
import type { Pod } from "@wherry/kubernetes";
import { eventually, processEnded } from "@wherry/testkit";
import { describe, expect, test } from "vitest";
import { sharedCluster } from "./shared-cluster.ts";

const cluster = sharedCluster();
const namespace = "default";

const waitingReason = (pod: Pod) => pod.status?.containerStatuses?.[0]?.state?.waiting?.reason;

describe.concurrent("deletion", () => {
  test("ends the guest, its process and its directory, and the object goes last", async () => {
    const { observer, node } = cluster();
    await cluster().createPod("graceful", ["hold"]);
    const host = node.hostOf(await observer.untilPhase("graceful", "Running"));
    await cluster().deletePod("graceful");
    await observer.untilGone("graceful");
    await processEnded(host.pid);
    const last = observer.history("graceful").at(-1);
    expect(last?.metadata?.deletionTimestamp).toBeDefined();
    expect(last?.status?.containerStatuses?.[0]?.state?.terminated).toBeDefined();
    expect(existsSync(join(node.rootDirectory, "engine/sandboxes", host.sandboxId))).toBe(false);
    await observer.untilEvent("graceful", "Killing", /^Stopping container main$/);
  });

  test("ends a guest that computes and never yields", async () => {
    const { observer, node } = cluster();
    await cluster().createPod("spinning", ["print", "spinning", "spin"]);
    const host = node.hostOf(await observer.untilPhase("spinning", "Running"));
    for await (const line of cluster().logLines("spinning", { follow: true })) if (line === "spinning") break;
    await cluster().deletePod("spinning", 1);
    await observer.untilGone("spinning");
    await processEnded(host.pid);
  });

  test("without grace removes the object at once and ends the guest after", async () => {
    const { client, observer, node } = cluster();
    await cluster().createPod("forced", ["hold"], { terminationGracePeriodSeconds: 600 });
    const host = node.hostOf(await observer.untilPhase("forced", "Running"));
    await cluster().deletePod("forced", 0);
    const read = client.get(resources.pods, "forced", { namespace });
    expect(isNotFound(await read.catch((error: unknown) => error))).toBe(true);
    await processEnded(host.pid);
  });

  test("a second deletion shortens the grace period", async () => {
    const { observer } = cluster();
    await cluster().createPod("shortened", ["spin"], { terminationGracePeriodSeconds: 600 });
    await observer.untilPhase("shortened", "Running");
    await cluster().deletePod("shortened");
    await observer.until("shortened", "deletion", (pod) => pod.metadata?.deletionTimestamp !== undefined);
    await cluster().deletePod("shortened", 1);
    await observer.untilGone("shortened");
  });

  test("of a pod in back-off and of one that cannot start is not held up", async () => {
    const { observer } = cluster();
    // Longer than the test waits.
    const grace = { terminationGracePeriodSeconds: 600 };
    await cluster().createPod("crashing", ["exit", "1"], { ...grace, restartPolicy: "Always" });
    await cluster().createPod("unpullable", { image: `${cluster().registry.host}/nothing:v1` }, grace);
    await cluster().createPod(
      "unmountable",
      { args: ["hold"], volumeMounts: [{ name: "config", mountPath: "/config" }] },
      { ...grace, volumes: [{ name: "config", configMap: { name: "not-there" } }] },
    );
    await observer.until("crashing", "CrashLoopBackOff", (pod) => waitingReason(pod) === "CrashLoopBackOff");
    await observer.until("unpullable", "pull back-off", (pod) => waitingReason(pod) === "ImagePullBackOff");
    await observer.untilEvent("unmountable", "FailedMount");
    for (const name of ["crashing", "unpullable", "unmountable"]) await cluster().deletePod(name);
    for (const name of ["crashing", "unpullable", "unmountable"]) await observer.untilGone(name);
  });

  test("of a finished pod takes its log along", async () => {
    const { observer, node } = cluster();
    await cluster().createPod("finished", ["print", "done"]);
    const pod = await observer.untilPhase("finished", "Succeeded");
    await cluster().deletePod("finished");
    await observer.untilGone("finished");
    const directory = `${node.podLogsDirectory}/default_finished_${pod.metadata?.uid}`;
    await eventually("the log directory's removal", () => !existsSync(directory));
  });

  test("a pod of the same name may follow at once, and is another pod", async () => {
    const { observer } = cluster();
    const first = await cluster().createPod("twice", ["print", "first", "hold"]);
    await observer.untilPhase("twice", "Running");
    await cluster().deletePod("twice", 0);
    await cluster().createPod("twice", ["print", "second"]);
    const pod = await observer.until("twice", "the second to succeed", (seen) => {
      return seen.metadata?.uid !== first.metadata?.uid && seen.status?.phase === "Succeeded";
    });
    expect(pod.status?.containerStatuses?.[0]?.restartCount).toBe(0);
    expect(await cluster().log("twice")).toBe("second\n");
  });
});
