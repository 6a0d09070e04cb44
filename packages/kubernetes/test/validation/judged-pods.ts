import type { Container, Pod, PodSpec } from "@wherry/kubernetes";

/** A pod that is refused, and all that is wrong with it, in the API server's words. */
export type JudgedPod = readonly [problems: string, pod: Pod];

export const podWith = (spec: Partial<PodSpec>, container: Partial<Container> = {}): Pod => ({
  metadata: { name: "web" },
  spec: { containers: [{ name: "a", image: "b", ...container }], ...spec },
});

export const inPod = (spec: Partial<PodSpec>): Pod => podWith(spec);
export const inContainer = (container: Partial<Container>): Pod => podWith({}, container);
export const inInit = (container: Partial<Container>): Pod =>
  podWith({ initContainers: [{ name: "first", image: "b", ...container }] });
export const withVolume = (source: object): Pod => podWith({ volumes: [{ name: "v", ...source }] });
export const withProjected = (...sources: object[]): Pod => withVolume({ projected: { sources } });
export const withMounts = (...mounts: object[]): Pod =>
  podWith(
    { volumes: [{ name: "v" }] },
    { volumeMounts: mounts.map((mount) => ({ name: "v", mountPath: "/v", ...mount })) },
  );
export const withEnv = (...env: object[]): Pod =>
  inContainer({ env: env.map((variable) => ({ name: "A", ...variable })) });
export const withLiveness = (probe: object): Pod => inContainer({ livenessProbe: probe });
export const withResources = (resources: object): Pod => inContainer({ resources });
export const get = { httpGet: { port: 80 } };

/** What is at the edge of being refused: empty texts and zeros where a default stands, and ports that differ in one thing. */
export const takenPod: Pod = podWith(
  {
    restartPolicy: "",
    dnsPolicy: "",
    resources: {
      requests: { cpu: "1", "hugepages-2Mi": "2Mi" },
      limits: { memory: "1Gi", "hugepages-2Mi": "2Mi" },
    },
    volumes: [{ name: "v" }, { name: "host", hostPath: { path: "/", type: "" } }],
    initContainers: [
      { name: "first", image: "b", ports: [{ containerPort: 1, hostPort: 9 }] },
      { name: "sidecar", image: "b", restartPolicy: "Always", startupProbe: get },
    ],
  },
  {
    imagePullPolicy: "",
    env: [
      { name: "a.b c", value: "" },
      { name: "A", value: "", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    ],
    ports: [
      { containerPort: 1, hostPort: 0, name: "a-1" },
      { containerPort: 1, hostPort: 9 },
      { containerPort: 1, hostPort: 9, protocol: "UDP" },
      { containerPort: 2, hostPort: 9, hostIP: "127.0.0.1" },
    ],
    resources: { requests: { cpu: "1", memory: "0" }, limits: { cpu: "1", "example.com/x": "2" } },
    livenessProbe: { httpGet: { port: "a-1", scheme: "" }, successThreshold: 0, terminationGracePeriodSeconds: 1 },
    lifecycle: { preStop: { sleep: { seconds: 0 } } },
    volumeMounts: [
      { name: "v", mountPath: "/v", subPath: "a..b" },
      { name: "v", mountPath: "/w", subPathExpr: "$(A)" },
    ],
  },
);
