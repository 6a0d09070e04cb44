import { isStaticPod, type Pod } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { type ManifestOrigin, staticPod } from "../../../src/pods/static/static-pod.ts";

const manifest: Pod = { metadata: { name: "web" }, spec: { containers: [{ name: "a", image: "b" }] } };
const origin: ManifestOrigin = { nodeName: "node-1", source: "file", location: "/manifests/web.yaml", nowMs: 0 };
const uidOf = (pod: Pod, more: Partial<ManifestOrigin> = {}) => staticPod(pod, { ...origin, ...more }).metadata?.uid;

describe("staticPod()", () => {
  test("names the pod after its node, and marks where it is from", () => {
    const pod = staticPod(manifest, origin);
    expect(isStaticPod(pod)).toBe(true);
    expect(pod.metadata).toEqual({
      name: "web-node-1",
      namespace: "default",
      uid: expect.stringMatching(/^[0-9a-f]{32}$/),
      annotations: {
        "kubernetes.io/config.source": "file",
        "kubernetes.io/config.hash": pod.metadata?.uid,
        "kubernetes.io/config.seen": "1970-01-01T00:00:00.000Z",
      },
    });
    expect(pod.spec).toMatchObject({ nodeName: "node-1", restartPolicy: "Always", terminationGracePeriodSeconds: 30 });
  });

  test("gives the same manifest the same UID, in whatever order and whenever it is read", () => {
    const other = { spec: { containers: [{ image: "b", name: "a" }] }, metadata: { name: "web" } };
    expect(uidOf(other, { nowMs: 1 })).toBe(uidOf(manifest));
  });

  test("gives another content, place or node another UID", () => {
    const changed = { ...manifest, spec: { containers: [{ name: "a", image: "c" }] } };
    const uids = [
      uidOf(manifest),
      uidOf(changed),
      uidOf(manifest, { location: "/x" }),
      uidOf(manifest, { nodeName: "n" }),
    ];
    expect(new Set(uids).size).toBe(4);
  });

  test("keeps a UID that is given; the hash tells its contents apart all the same", () => {
    const given = (image: string) =>
      staticPod({ metadata: { name: "web", uid: "mine" }, spec: { containers: [{ name: "a", image }] } }, origin);
    expect([given("b").metadata?.uid, given("c").metadata?.uid]).toEqual(["mine", "mine"]);
    expect(given("b").metadata?.annotations).not.toEqual(given("c").metadata?.annotations);
  });

  test("tolerates every NoExecute taint, once", () => {
    const everything = { operator: "Exists", effect: "NoExecute" };
    const own = { key: "a", operator: "Exists", effect: "NoSchedule" };
    const pod = staticPod({ ...manifest, spec: { containers: [], tolerations: [everything, own] } }, origin);
    expect(pod.spec?.tolerations).toEqual([own, everything]);
  });

  test("has the API server's defaults, and leaves the manifest as it is", () => {
    const spec = {
      containers: [{ name: "a", image: "b:1", livenessProbe: { tcpSocket: { port: 1 } } }],
      volumes: [{ name: "v" }],
    };
    const given = { metadata: { name: "web" }, spec };
    const before = structuredClone(given);
    expect(staticPod(given, origin).spec).toMatchObject({
      containers: [{ imagePullPolicy: "IfNotPresent", livenessProbe: { periodSeconds: 10, failureThreshold: 3 } }],
      volumes: [{ name: "v", emptyDir: {} }],
      securityContext: {},
      schedulerName: "default-scheduler",
    });
    expect(given).toEqual(before);
  });
});
