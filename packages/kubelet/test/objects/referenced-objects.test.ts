import type { Pod } from "@wherry/kubernetes";
import { expect, test } from "vitest";
import { referencedObjects } from "../../src/objects/referenced-objects.ts";

test("referencedObjects() finds every place a pod can name a config map or secret, each once", () => {
  const container = (suffix: string) => ({
    name: suffix,
    envFrom: [{ configMapRef: { name: `from-${suffix}` } }, { secretRef: { name: `from-${suffix}` } }],
    env: [
      { name: "A", valueFrom: { configMapKeyRef: { name: `key-${suffix}`, key: "k" } } },
      { name: "B", valueFrom: { secretKeyRef: { name: `key-${suffix}`, key: "k" } } },
      { name: "C", value: "x" },
    ],
  });
  const pod: Pod = {
    metadata: { namespace: "ns" },
    spec: {
      initContainers: [container("init")],
      containers: [container("main"), container("main")],
      ephemeralContainers: [container("debug")],
      imagePullSecrets: [{ name: "pull" }, {}],
      volumes: [
        { name: "a", configMap: { name: "volume" } },
        { name: "b", secret: { secretName: "volume" } },
        {
          name: "c",
          projected: {
            sources: [
              { configMap: { name: "kube-root-ca.crt" } },
              { secret: { name: "projected" } },
              { serviceAccountToken: { path: "token" } },
            ],
          },
        },
        { name: "d", csi: { driver: "x", nodePublishSecretRef: { name: "refused" } } },
      ],
    },
  };
  const found = referencedObjects(pod);
  expect(found.every(({ namespace }) => namespace === "ns")).toBe(true);
  const names = (kind: string) => found.filter((reference) => reference.kind === kind).map(({ name }) => name);
  const fromContainers = ["from-init", "from-main", "from-debug", "key-init", "key-main", "key-debug"];
  expect(names("ConfigMap").sort()).toEqual([...fromContainers, "volume", "kube-root-ca.crt"].sort());
  expect(names("Secret").sort()).toEqual([...fromContainers, "volume", "projected", "pull"].sort());
  expect(referencedObjects({ metadata: {} })).toEqual([]);
});
