import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isNotFound, resources } from "@wherry/client";
import type { Pod, PodSpec } from "@wherry/kubernetes";
import { eventually, processEnded } from "@wherry/testkit";
import { afterAll, describe, expect, test } from "vitest";
import { sharedCluster } from "./shared-cluster.ts";

const manifests = mkdtempSync(join(tmpdir(), "wherry-manifests-"));
afterAll(() => rm(manifests, { recursive: true, force: true }));

/** What the server of manifests answers, and the header it asks for. */
let served = '{"apiVersion":"v1","kind":"PodList","items":[]}';
const token = "only-for-nodes";
const server = createServer(({ headers }, response) => {
  response.statusCode = headers["x-token"] === token ? 200 : 403;
  response.end(served);
}).listen(0, "127.0.0.1");
await once(server, "listening");
afterAll(() => void server.close());

const cluster = sharedCluster({
  configuration: {
    staticPodPath: manifests,
    staticPodURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/pods`,
    staticPodURLHeader: { "X-Token": [token] },
    httpCheckFrequency: "1s",
  },
});
const namespace = "default";
const node = "node-1";

const uidOf = (pod: Pod) => pod.metadata?.uid;
const containerOf = (pod: Pod) => pod.status?.containerStatuses?.[0];
const isReady = (pod: Pod) =>
  pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;

/** Writes the manifest of a static pod of the workload kit. */
async function place(name: string, args: readonly string[], spec: Partial<PodSpec> = {}): Promise<void> {
  const containers = [{ name: "main", image: cluster().kit, args }];
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { name }, spec: { ...spec, containers } };
  await writeFile(join(manifests, `${name}.json`), JSON.stringify(pod));
}

const withdraw = (name: string) => rm(join(manifests, `${name}.json`));

/** Replaced at once: the mirror pods of before are not of interest. */
const untilReady = (name: string, but?: string) =>
  cluster().observer.until(`${name}-${node}`, "ready", (pod) => isReady(pod) && uidOf(pod) !== but);

describe("a static pod", () => {
  test("comes from a server, beside those of files, and goes when the server has it no more", async () => {
    const containers = [{ name: "main", image: cluster().kit, args: ["hold"] }];
    const spec = { containers, terminationGracePeriodSeconds: 1 };
    const items = ["left", "right"].map((name) => ({ metadata: { name }, spec }));
    served = JSON.stringify({ apiVersion: "v1", kind: "PodList", items });
    const [left] = await Promise.all([untilReady("left"), untilReady("right")]);
    expect(left.metadata?.annotations?.["kubernetes.io/config.source"]).toBe("http");
    served = JSON.stringify({ apiVersion: "v1", kind: "PodList", items: items.slice(1) });
    await cluster().observer.untilGone(`left-${node}`);
    expect(isReady(await cluster().observer.until(`right-${node}`, "there", () => true))).toBe(true);
  });

  test("runs without the scheduler and in spite of taints, is shown by a mirror pod, and goes with its manifest", async () => {
    await place("shown", ["tick", "50"], { terminationGracePeriodSeconds: 1 });
    const mirror = await untilReady("shown");
    const { annotations = {}, ownerReferences = [] } = mirror.metadata ?? {};
    const owner = cluster().observer.node(node);
    expect(annotations["kubernetes.io/config.source"]).toBe("file");
    expect(annotations["kubernetes.io/config.mirror"]).toBe(annotations["kubernetes.io/config.hash"]);
    expect(annotations["kubernetes.io/config.seen"]).toMatch(/^\d{4}-/);
    expect(ownerReferences).toMatchObject([{ kind: "Node", name: node, uid: owner?.metadata?.uid, controller: true }]);
    expect(mirror.spec).toMatchObject({
      nodeName: node,
      tolerations: expect.arrayContaining([{ operator: "Exists", effect: "NoExecute" }]),
    });
    expect(mirror.status).toMatchObject({ phase: "Running", qosClass: "BestEffort", podIP: expect.any(String) });
    // It may have said nothing yet.
    for await (const line of cluster().logLines(`shown-${node}`, { follow: true, tailLines: 1 })) {
      expect(line).toMatch(/^tick \d+$/);
      break;
    }
    const started = await cluster().observer.untilEvent(`shown-${node}`, "Started");
    expect(started.involvedObject.uid).toBe(annotations["kubernetes.io/config.mirror"]);
    const { pid } = cluster().node.hostOf(mirror);
    await withdraw("shown");
    await cluster().observer.untilGone(`shown-${node}`);
    await processEnded(pid);
  });

  test("goes on when its mirror pod is deleted, which is made again", async () => {
    await place("kept", ["hold"]);
    const mirror = await untilReady("kept");
    const { pid } = cluster().node.hostOf(mirror);
    for (const grace of [undefined, 0]) {
      const before = uidOf(cluster().observer.pod(`kept-${node}`)!);
      await cluster().deletePod(`kept-${node}`, grace);
      const again = await untilReady("kept", before);
      expect(containerOf(again)).toEqual(containerOf(mirror));
    }
    expect(
      cluster()
        .node.hosts()
        .map((host) => host.pid),
    ).toContain(pid);
    await withdraw("kept");
    await cluster().observer.untilGone(`kept-${node}`);
  });

  test("is replaced when its manifest changes, and with it the mirror pod", async () => {
    await place("changed", ["hold"], { terminationGracePeriodSeconds: 1 });
    const before = await untilReady("changed");
    const { pid } = cluster().node.hostOf(before);
    await place("changed", ["tick", "50"], { terminationGracePeriodSeconds: 1 });
    const after = await untilReady("changed", uidOf(before));
    expect(after.spec?.containers[0]?.args).toEqual(["tick", "50"]);
    await processEnded(pid);
    await withdraw("changed");
    await cluster().observer.untilGone(`changed-${node}`);
  });

  test("ends as its restart policy says, and a later kubelet does not start it again", async () => {
    await place("ended", ["exit", "3"], { restartPolicy: "Never" });
    const failed = await cluster().observer.untilPhase(`ended-${node}`, "Failed");
    expect(containerOf(failed)?.state?.terminated).toMatchObject({ exitCode: 3, reason: "Error" });
    await cluster().node.restart();
    await place("marker", ["hold"]);
    await untilReady("marker");
    expect(cluster().observer.pod(`ended-${node}`)).toMatchObject({
      metadata: { uid: uidOf(failed) },
      status: { phase: "Failed" },
    });
    await withdraw("marker");
    await withdraw("ended");
    await cluster().observer.untilGone(`ended-${node}`);
  });

  test("outlives the kubelet, and what changed meanwhile is seen by the next one", async () => {
    await place("stays", ["hold"]);
    await place("leaves", ["hold"], { terminationGracePeriodSeconds: 1 });
    const [stays, leaves] = [await untilReady("stays"), await untilReady("leaves")];
    const pids = [stays, leaves].map((pod) => cluster().node.hostOf(pod).pid);
    await cluster().node.kill();
    await withdraw("leaves");
    await cluster().node.start();
    await cluster().observer.untilGone(`leaves-${node}`);
    await processEnded(pids[1]!);
    expect(cluster().node.hostOf(cluster().observer.pod(`stays-${node}`)!).pid).toBe(pids[0]);
    expect(containerOf(cluster().observer.pod(`stays-${node}`)!)).toEqual(containerOf(stays));
    await withdraw("stays");
    await cluster().observer.untilGone(`stays-${node}`);
  });

  test("with a manifest that is wrong is an event that names file and field, and ends nothing", async () => {
    await place("good", ["hold"]);
    const good = await untilReady("good");
    const { pid } = cluster().node.hostOf(good);
    const path = join(manifests, "bad.yaml");
    await writeFile(
      path,
      "apiVersion: v1\nkind: Pod\nmetadata: { name: bad }\nspec:\n  serviceAccountName: default\n  containers: [{ name: a, image: b }]\n",
    );
    const message = `Cannot use the manifest "${path}": spec.serviceAccountName: Forbidden: refers to a service account, a static pod must do without objects of the API`;
    const reported = async () => {
      const { items } = await cluster().client.list(resources.events, { namespace });
      return items.find(({ reason }) => reason === "InvalidStaticPod");
    };
    await eventually("event of the bad manifest", async () => (await reported()) !== undefined);
    expect(await reported()).toMatchObject({ type: "Warning", involvedObject: { kind: "Node", name: node }, message });
    expect(cluster().node.process.tail(200)).toContain(
      "spec.serviceAccountName: Forbidden: refers to a service account",
    );
    await expect(cluster().client.get(resources.pods, `bad-${node}`, { namespace })).rejects.toSatisfy(isNotFound);
    expect(
      cluster()
        .node.hosts()
        .map((host) => host.pid),
    ).toContain(pid);
    await rm(path);
    await withdraw("good");
    await cluster().observer.untilGone(`good-${node}`);
  });

  test("that the API server does not admit runs unseen, which an event of the node says", async () => {
    const others = cluster().node.hosts().length;
    await place("unseen", ["hold"], {
      terminationGracePeriodSeconds: 1,
      priorityClassName: "not-there",
    });
    await eventually("start of a pod that cannot be shown", () => cluster().node.hosts().length === others + 1);
    const reported = async () => {
      const { items } = await cluster().client.list(resources.events, { namespace });
      return items.find(({ message }) => message?.includes(`unseen-${node}`));
    };
    await eventually("event of the pod that cannot be shown", async () => (await reported()) !== undefined);
    expect(await reported()).toMatchObject({
      type: "Warning",
      reason: "InvalidStaticPod",
      involvedObject: { kind: "Node", name: node },
      message: expect.stringContaining("no PriorityClass with name not-there was found"),
    });
    await withdraw("unseen");
    await eventually("end of the pod that could not be shown", () => cluster().node.hosts().length === others);
  });

  test("starts while the API server is away, also under a kubelet that never saw one, and is shown when it is back", async () => {
    const { node: kubelet, plane, observer } = cluster();
    await place("before", ["hold"]);
    const seenBefore = await untilReady("before");
    const { pid } = kubelet.hostOf(seenBefore);
    const others = kubelet.hosts().length;
    let pids: number[] = [];
    await plane.restart(async () => {
      await place("early", ["hold"]);
      await eventually("start without an API server", () => kubelet.hosts().length === others + 1);
      await kubelet.kill();
      await place("late", ["hold"]);
      await kubelet.launch();
      await eventually("start under a kubelet without an API server", () => kubelet.hosts().length === others + 2);
      pids = kubelet.hosts().map((host) => host.pid);
    });
    expect(pids).toContain(pid);
    await observer.until(`late-${node}`, "ready", isReady);
    expect(observer.pod(`before-${node}`)?.status).toEqual(seenBefore.status);
    for (const name of ["before", "early", "late"]) {
      const mirror = await observer.until(`${name}-${node}`, "ready", isReady);
      expect(pids).toContain(kubelet.hostOf(mirror).pid);
      expect(containerOf(mirror)).toMatchObject({ restartCount: 0, state: { running: {} } });
      await withdraw(name);
      await observer.untilGone(`${name}-${node}`);
    }
  });
});
