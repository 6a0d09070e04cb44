import type { ResourceRequirements } from "@wherry/kubernetes";
import {
  type Pod,
  type PodSpec,
  parseResourceList,
  podLimits,
  qosClass,
  quantityMilliValue,
  quantityValue,
} from "@wherry/kubernetes";
import type { ContainerResources, PodSandboxConfig, PortMapping, SandboxResources } from "@wherry/runtime";
import { containersWithHostPorts } from "../admission/host-ports.ts";
import { annotations, labels } from "./labels.ts";
import type { PodContext } from "./pod-context.ts";

/** Configuration of the pod's next sandbox. */
export function sandboxConfig(context: PodContext, attempt: number): PodSandboxConfig {
  const { pod, spec } = context;
  const { name = "", namespace = "" } = pod.metadata ?? {};
  const uid = context.handle.uid;
  const gracePeriod = spec.terminationGracePeriodSeconds;
  return {
    metadata: { name, namespace, uid, attempt },
    hostname:
      spec.hostNetwork === true
        ? ""
        : (spec.hostnameOverride ?? (spec.hostname || name)).slice(0, 63).replace(/[-.]+$/, ""),
    logDirectory: context.logDirectory,
    runtimeHandler: context.runtimeHandler ?? "",
    labels: {
      ...pod.metadata?.labels,
      [labels.podName]: name,
      [labels.podNamespace]: namespace,
      [labels.podUid]: uid,
    },
    annotations: {
      ...pod.metadata?.annotations,
      ...(gracePeriod === undefined ? {} : { [annotations.gracePeriod]: String(gracePeriod) }),
    },
    hostNetwork: spec.hostNetwork === true,
    portMappings: portMappings(pod),
    cgroupParent: cgroupParent(context),
    resources: sandboxResources(spec),
  };
}

function portMappings(pod: Pod): PortMapping[] {
  if (pod.spec?.hostNetwork === true) return [];
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const published = new Set(containersWithHostPorts(pod));
  return containers.flatMap((container) =>
    (container.ports ?? []).map((port) => ({
      protocol: protocolOf(port.protocol),
      containerPort: port.containerPort,
      hostPort: published.has(container) ? (port.hostPort ?? 0) : 0,
      hostIp: port.hostIP ?? "",
    })),
  );
}

/** API validation allows these three only. */
export function protocolOf(protocol: string | undefined): "TCP" | "UDP" | "SCTP" {
  return protocol === "UDP" || protocol === "SCTP" ? protocol : "TCP";
}

function cgroupParent(context: PodContext): string | undefined {
  const { cgroupRoot } = context.options;
  if (cgroupRoot === undefined) return undefined;
  const quality = qosClass(context.spec).toLowerCase();
  return `${cgroupRoot}/${quality === "guaranteed" ? "" : `${quality}/`}pod${context.handle.uid}`;
}

/** Limits of the pod as a whole as the runtime takes them, where it has none of its own those of its containers together. */
export function sandboxResources(spec: PodSpec): SandboxResources {
  return limitsOf(podLimits(spec));
}

/** Limits that the pod has as a whole (KEP-2837). */
export function podLevelLimits({ resources }: PodSpec): SandboxResources {
  return limitsOf(parseResourceList(resources?.limits));
}

function limitsOf({ cpu, memory }: ReturnType<typeof podLimits>): SandboxResources {
  return {
    ...(cpu !== undefined && { cpuLimitMillis: quantityMilliValue(cpu) }),
    ...(memory !== undefined && { memoryLimitBytes: quantityValue(memory) }),
  };
}

/** Requests and limits of one container as the runtime takes them. */
export function containerResources(resources: ResourceRequirements | undefined): ContainerResources {
  const limits = parseResourceList(resources?.limits);
  const requests = { ...limits, ...parseResourceList(resources?.requests) };
  const { cpu: cpuLimit, memory: memoryLimit } = limits;
  const { cpu, memory } = requests;
  return {
    cpuRequestMillis: cpu && quantityMilliValue(cpu),
    cpuLimitMillis: cpuLimit && quantityMilliValue(cpuLimit),
    memoryRequestBytes: memory && quantityValue(memory),
    memoryLimitBytes: memoryLimit && quantityValue(memoryLimit),
  };
}
