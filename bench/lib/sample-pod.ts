import type { Pod } from "@wherry/kubernetes";

/** A pod of about 2 KB of JSON, as the API server sends them. */
export function samplePod(index: number, revision: number): Pod {
  const time = "2026-01-01T00:00:00Z";
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `pod-${index}`,
      namespace: "default",
      uid: `00000000-0000-0000-0000-${String(index).padStart(12, "0")}`,
      resourceVersion: String(revision),
      creationTimestamp: time,
      labels: { app: `app-${index % 50}`, "pod-template-hash": "5d4f8c7b9" },
      annotations: { "example.com/revision": String(revision), "example.com/note": "x".repeat(200) },
    },
    spec: {
      nodeName: "node",
      restartPolicy: "Always",
      containers: [
        {
          name: "main",
          image: "registry.example/app:v1",
          env: Array.from({ length: 10 }, (_, entry) => ({ name: `VARIABLE_${entry}`, value: `value ${entry}` })),
          resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "256Mi" } },
          volumeMounts: [{ name: "token", mountPath: "/var/run/secrets/kubernetes.io/serviceaccount", readOnly: true }],
        },
      ],
    },
    status: {
      phase: "Running",
      podIP: "10.0.0.1",
      startTime: time,
      conditions: ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map((type) => ({
        type,
        status: "True",
        lastTransitionTime: time,
      })),
      containerStatuses: [
        {
          name: "main",
          ready: true,
          restartCount: 0,
          image: "registry.example/app:v1",
          imageID: "registry.example/app@sha256:0",
          state: { running: { startedAt: time } },
        },
      ],
    },
  };
}
