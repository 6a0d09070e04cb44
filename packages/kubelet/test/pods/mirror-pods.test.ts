import { FakeClock, runTogether, silentLogger } from "@wherry/base";
import { ApiError } from "@wherry/client";
import { isMirrorPod, type Pod, type PodStatus } from "@wherry/kubernetes";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { MirrorPodApi } from "../../src/pods/mirror-pod-api.ts";
import { MirrorPods } from "../../src/pods/mirror-pods.ts";
import type { PodSource } from "../../src/pods/pod-source.ts";
import { staticPod } from "../../src/pods/static/static-pod.ts";
import { StatusWriter } from "../../src/status/status-writer.ts";
import { FakePodApi } from "../support/fake-pod-api.ts";

const web = (image = "b") =>
  staticPod(
    { metadata: { name: "web", labels: { app: "web" } }, spec: { containers: [{ name: "a", image }] } },
    { nodeName: "n", source: "file", location: "/web.yaml", nowMs: 0 },
  );

const main = { name: "a", image: "b", imageID: "", ready: true, restartCount: 0 };

describe("MirrorPods", () => {
  let clock: FakeClock;
  let api: FakePodApi;
  let mirrors: MirrorPods;
  let files: Pod[];
  let nodeUid: string | undefined;
  let created: number;
  let earlier: [string, PodStatus][];
  let problems: string[];
  let refusal: { readonly code: number; readonly message: string } | undefined;
  let abort: AbortController;
  let running: Promise<void>;

  beforeEach(() => {
    clock = new FakeClock();
    api = new FakePodApi(clock);
    [files, nodeUid, created, earlier, abort] = [[], "node-uid", 0, [], new AbortController()];
    [problems, refusal] = [[], undefined];
    const mirrorApi: MirrorPodApi = {
      create: async (pod) => {
        if (api.down) throw new Error("connection refused");
        if (refusal !== undefined) throw new ApiError("create pods", refusal);
        return (
          api.byName(pod.metadata?.name ?? "") ??
          api.create({ ...pod, metadata: { ...pod.metadata, uid: `mirror-${++created}` } })
        );
      },
      delete: (pod, signal) => api.deletePod(pod, signal),
    };
    const source: PodSource = {
      name: "file",
      ready: Promise.resolve(),
      pods: () => files,
      get: (uid) => files.find((pod) => pod.metadata?.uid === uid),
      onChange: () => () => undefined,
      run: async () => undefined,
    };
    const statusWriter = new StatusWriter({ api, clock, logger: silentLogger });
    mirrors = new MirrorPods({
      api: mirrorApi,
      source: api,
      staticSources: [source],
      statusWriter,
      node: {
        nodeName: "n",
        get nodeUid() {
          return nodeUid;
        },
      },
      onEarlierStatus: (podUid, status) => void earlier.push([podUid, status]),
      onProblem: (message) => void problems.push(message),
      clock,
      logger: silentLogger,
    });
    running = runTogether(abort.signal, [(signal) => statusWriter.run(signal), (signal) => mirrors.run(signal)]);
  });

  afterEach(async () => {
    abort.abort();
    await running;
  });

  const mirror = () => api.byName("web-n");

  async function settle(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) await clock.advance(0);
  }

  test("shows a static pod and its status, owned by the node", async () => {
    const pod = web();
    mirrors.track(pod);
    mirrors.publish(pod, { phase: "Running", podIP: "10.0.0.9" });
    await settle();
    const hash = pod.metadata?.annotations?.["kubernetes.io/config.hash"];
    expect(mirror()?.metadata).toMatchObject({
      uid: "mirror-1",
      labels: { app: "web" },
      annotations: { "kubernetes.io/config.mirror": hash, "kubernetes.io/config.source": "file" },
      ownerReferences: [{ apiVersion: "v1", kind: "Node", name: "n", uid: "node-uid", controller: true }],
    });
    expect(mirror()?.spec).toEqual(pod.spec);
    expect(mirror()?.status).toMatchObject({ phase: "Running", podIP: "10.0.0.9" });
  });

  test.each([
    ["at once", 0],
    ["gracefully", 30],
  ])("makes a mirror pod again that was deleted %s, with the status there was", async (_, grace) => {
    mirrors.track(web());
    mirrors.publish(web(), { phase: "Running" });
    await settle();
    api.delete("web-n", grace);
    await settle();
    expect(mirror()).toMatchObject({ metadata: { uid: "mirror-2" }, status: { phase: "Running" } });
    expect(mirror()?.metadata?.deletionTimestamp).toBeUndefined();
  });

  test("replaces a mirror pod of another content, also one of an earlier kubelet", async () => {
    mirrors.track(web("b"));
    await settle();
    mirrors.untrack(web("b"));
    files = [web("c")];
    await settle();
    expect(mirror()?.metadata?.uid).toBe("mirror-1");
    mirrors.track(web("c"));
    await settle();
    expect(mirror()).toMatchObject({ metadata: { uid: "mirror-2" }, spec: { containers: [{ image: "c" }] } });
  });

  test("keeps the mirror pod that an earlier kubelet made of the same content", async () => {
    mirrors.track(web());
    await settle();
    mirrors.publish(web(), { phase: "Running" });
    await settle();
    expect([created, mirror()?.status?.phase]).toEqual([1, "Running"]);
  });

  test("tells once why the API server refuses a pod, again when the reason is another, and nothing of failures", async () => {
    const prefix = 'Static pod "default/web-n" runs but is not shown in the API: Cannot create pods: ';
    api.down = true;
    mirrors.track(web());
    await clock.advance(10_000);
    expect(problems).toEqual([]);
    api.down = false;
    refusal = { code: 422, message: "no such operator" };
    await clock.advance(60_000);
    expect(problems).toEqual([`${prefix}no such operator`]);
    refusal = { code: 403, message: "no such priority" };
    await clock.advance(10_000);
    expect(problems).toEqual([`${prefix}no such operator`, `${prefix}no such priority`]);
    refusal = undefined;
    await clock.advance(10_000);
    expect(mirror()?.metadata?.uid).toBe("mirror-1");
  });

  test("tells the status of an earlier kubelet once, before it is written over, and never its own", async () => {
    const pod = web();
    mirrors.track(pod);
    mirrors.publish(pod, { phase: "Running", startTime: "2026-01-02T00:00:00Z" });
    await settle();
    expect(earlier).toEqual([]);
    mirrors.untrack(pod);
    files = [pod];
    mirrors.track(pod);
    mirrors.publish(pod, { phase: "Pending", startTime: "2026-01-03T00:00:00Z" });
    await settle();
    expect(earlier).toEqual([[pod.metadata?.uid, { phase: "Running", startTime: "2026-01-02T00:00:00Z" }]]);
  });

  test("a mirror pod names its pod by the UID that the manifest gives it, where kubectl looks for events", async () => {
    const own = (image: string) =>
      staticPod(
        { metadata: { name: "web", uid: "own-uid" }, spec: { containers: [{ name: "a", image }] } },
        { nodeName: "n", source: "file", location: "/web.yaml", nowMs: 0 },
      );
    mirrors.track(own("b"));
    await settle();
    expect(mirror()?.metadata?.annotations?.["kubernetes.io/config.mirror"]).toBe("own-uid");
    mirrors.track(own("c"));
    await settle();
    expect(mirror()).toMatchObject({ metadata: { uid: "mirror-2" }, spec: { containers: [{ image: "c" }] } });
  });

  test("deletes the mirror pod of a static pod that is gone, and only that", async () => {
    api.create({ metadata: { name: "plain" } });
    mirrors.track(web());
    await settle();
    mirrors.untrack(web());
    await settle();
    expect([...api.pods()].map((pod) => pod.metadata?.name)).toEqual(["plain"]);
  });

  test("leaves a mirror pod alone whose pod has not started yet", async () => {
    files = [web()];
    api.create({ metadata: { name: "web-n", annotations: { "kubernetes.io/config.mirror": "old" } } });
    await settle();
    expect(mirror()).toBeDefined();
  });

  test("replaces a mirror pod that says the pod has ended when it runs again", async () => {
    mirrors.track(web());
    mirrors.publish(web(), { phase: "Failed", reason: "OutOfcpu", startTime: "2026-01-02T00:00:00Z" });
    await settle();
    mirrors.untrack(web());
    files = [web()];
    mirrors.track(web());
    // What a kubelet says of a pod that ended until it has made sure of it.
    mirrors.publish(web(), {
      phase: "Running",
      containerStatuses: [{ ...main, state: { terminated: { exitCode: 1 } } }],
    });
    await settle();
    expect([created, mirror()?.status?.phase]).toEqual([1, "Failed"]);
    mirrors.publish(web(), { phase: "Running", containerStatuses: [{ ...main, state: { running: {} } }] });
    await settle();
    expect([created, mirror()?.status?.phase]).toEqual([2, "Running"]);
    expect(earlier, "an end that is over").toEqual([]);
  });

  test("replaces it too when only an init container runs", async () => {
    mirrors.track(web());
    mirrors.publish(web(), { phase: "Failed", startTime: "2026-01-02T00:00:00Z" });
    await settle();
    mirrors.publish(web(), { phase: "Pending", initContainerStatuses: [{ ...main, state: { running: {} } }] });
    await settle();
    expect([created, mirror()?.status?.phase]).toEqual([2, "Pending"]);
  });

  test("leaves an end that an earlier kubelet told as that one told it", async () => {
    const ended = { phase: "Failed", reason: "Evicted", startTime: "2026-01-02T00:00:00Z" };
    mirrors.track(web());
    mirrors.publish(web(), { ...ended, containerStatuses: [{ ...main, restartCount: 4 }] });
    await settle();
    mirrors.untrack(web());
    files = [web()];
    mirrors.track(web());
    mirrors.publish(web(), {
      phase: "Failed",
      startTime: "2026-01-03T00:00:00Z",
      containerStatuses: [{ ...main, state: { terminated: { exitCode: 1 } } }],
    });
    await settle();
    expect([created, mirror()?.status]).toEqual([1, { ...ended, containerStatuses: [{ ...main, restartCount: 4 }] }]);
  });

  test("catches up when the API server or the node's object was away", async () => {
    [api.down, nodeUid] = [true, undefined];
    mirrors.track(web());
    mirrors.publish(web(), { phase: "Running" });
    await clock.advance(30_000);
    expect(mirror()).toBeUndefined();
    [api.down, nodeUid] = [false, "node-uid"];
    await clock.advance(10_000);
    await clock.advance(10_000);
    expect(mirror()?.status?.phase).toBe("Running");
  });

  test("leaves a pod alone that is no mirror pod and has the name", async () => {
    api.create({ metadata: { name: "web-n" }, status: { phase: "Running" } });
    mirrors.track(web());
    await clock.advance(60_000);
    expect([...api.pods()].filter(isMirrorPod)).toEqual([]);
    api.delete("web-n", 0);
    await clock.advance(10_000);
    expect([...api.pods()].filter(isMirrorPod)).toHaveLength(1);
  });
});
