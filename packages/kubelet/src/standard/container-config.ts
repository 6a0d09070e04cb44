import type { Container } from "@wherry/kubernetes";
import type { ContainerConfig, Mount } from "@wherry/runtime";
import { containersWithHostPorts } from "../admission/host-ports.ts";
import type { EnvironmentVariable } from "../ports/environment.ts";
import { containerLogPath } from "../ports/log-paths.ts";
import { containerHash } from "./container-hash.ts";
import { annotations, labels } from "./labels.ts";
import type { PodContext } from "./pod-context.ts";
import { containerResources, podLevelLimits, protocolOf } from "./sandbox-config.ts";

export interface ContainerParts {
  readonly container: Container;
  readonly attempt: number;
  /** Resolved reference of the image. */
  readonly imageRef: string;
  readonly environment: readonly EnvironmentVariable[];
  /** Volumes, and the file for the termination message. */
  readonly mounts: readonly Mount[];
}

/** Configuration of a container's next instance. */
export function containerConfig(context: PodContext, parts: ContainerParts): ContainerConfig {
  const { container, attempt, environment } = parts;
  const { name = "", namespace = "" } = context.pod.metadata ?? {};
  const { command, args } = context.options.environment.expandCommand(container, environment);
  const published = containersWithHostPorts(context.pod).some((one) => one.name === container.name);
  return {
    name: container.name,
    attempt,
    image: { image: parts.imageRef, runtimeHandler: context.runtimeHandler ?? "" },
    command,
    args,
    workingDir: container.workingDir ?? "",
    env: environment,
    mounts: parts.mounts,
    labels: {
      [labels.podName]: name,
      [labels.podNamespace]: namespace,
      [labels.podUid]: context.handle.uid,
      [labels.containerName]: container.name,
    },
    annotations: {
      [annotations.containerHash]: containerHash(container),
      [annotations.restartCount]: String(attempt),
      [annotations.imageName]: container.image ?? "",
      [annotations.podLimits]: JSON.stringify(podLevelLimits(context.spec)),
      [annotations.terminationMessagePath]: container.terminationMessagePath ?? "/dev/termination-log",
      [annotations.terminationMessagePolicy]: container.terminationMessagePolicy ?? "File",
    },
    logPath: containerLogPath(container.name, attempt),
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    resources: containerResources(container.resources),
    stopSignal: container.lifecycle?.stopSignal ?? "",
    ports: (container.ports ?? []).map((port) => ({
      name: port.name ?? "",
      containerPort: port.containerPort,
      protocol: protocolOf(port.protocol),
      hostPort: published ? (port.hostPort ?? 0) : 0,
      hostIp: port.hostIP ?? "",
    })),
    readOnlyRootFilesystem: container.securityContext?.readOnlyRootFilesystem ?? false,
  };
}
