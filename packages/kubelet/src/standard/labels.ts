/** Labels and annotations that tell sandboxes and containers which pod they belong to; the names are upstream's. */
export const labels = {
  podName: "io.kubernetes.pod.name",
  podNamespace: "io.kubernetes.pod.namespace",
  podUid: "io.kubernetes.pod.uid",
  containerName: "io.kubernetes.container.name",
} as const;

export const annotations = {
  containerHash: "io.kubernetes.container.hash",
  restartCount: "io.kubernetes.container.restartCount",
  terminationMessagePath: "io.kubernetes.container.terminationMessagePath",
  terminationMessagePolicy: "io.kubernetes.container.terminationMessagePolicy",
  gracePeriod: "io.kubernetes.pod.terminationGracePeriod",
  /** What the pod as a whole was limited to when the container was made, as JSON. */
  podLimits: "wherry.dev/pod-limits",
  /** The image as the pod's author named it. */
  imageName: "wherry.dev/image",
} as const;
