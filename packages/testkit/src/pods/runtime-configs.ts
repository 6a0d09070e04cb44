import type { ContainerConfig, PodSandboxConfig } from "@wherry/runtime";

/** What a runtime is asked to make for a pod of which nothing matters but `changes`: named `pod`, in `default`, on the node's network. */
export function podSandboxConfig(changes: Partial<PodSandboxConfig> = {}): PodSandboxConfig {
  return {
    metadata: { name: "pod", namespace: "default", uid: "uid", attempt: 0 },
    hostname: "pod",
    logDirectory: "/var/log/pods/default_pod_uid",
    runtimeHandler: "",
    labels: {},
    annotations: {},
    hostNetwork: true,
    portMappings: [],
    ...changes,
  };
}

/** A container of which nothing matters but `changes`; its log is named as kubelets do. */
export function containerConfig(changes: Partial<ContainerConfig> = {}): ContainerConfig {
  const { name = "main", attempt = 0 } = changes;
  return {
    name,
    attempt,
    image: { image: "app", runtimeHandler: "" },
    command: [],
    args: [],
    workingDir: "",
    env: [],
    mounts: [],
    labels: {},
    annotations: {},
    logPath: `${name}/${attempt}.log`,
    stdin: false,
    stdinOnce: false,
    tty: false,
    resources: {},
    stopSignal: "",
    ports: [],
    readOnlyRootFilesystem: false,
    ...changes,
  };
}
