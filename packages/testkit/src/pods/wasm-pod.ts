import type { Container, Pod, PodSpec } from "@wherry/kubernetes";

/** A container by what makes it different; its name is "main" unless given. */
export type ContainerTemplate = Partial<Container> & { readonly image: string };

/**
 * A pod that a WebAssembly node of a mixed cluster takes: tolerates its taints, selects its architecture, and never restarts.
 *
 * `spec` overrides any of that.
 */
export function wasmPod(
  name: string,
  containers: ContainerTemplate | readonly ContainerTemplate[],
  spec: Partial<PodSpec> = {},
): Pod {
  const list = Array.isArray(containers) ? (containers as readonly ContainerTemplate[]) : [containers];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default" },
    spec: {
      restartPolicy: "Never",
      nodeSelector: { "kubernetes.io/arch": "wasm32-wasi" },
      tolerations: [{ key: "kubernetes.io/arch", operator: "Equal", value: "wasm32-wasi" }],
      terminationGracePeriodSeconds: 2,
      ...spec,
      containers: list.map((container) => ({ name: "main", ...container }) as Container),
    },
  };
}
