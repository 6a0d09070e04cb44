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
