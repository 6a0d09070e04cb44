import { type Container, type ContainerPort, isRestartableInitContainer, type Pod } from "@wherry/kubernetes";

/** The first host port of the pod that another pod of the node already has, as `protocol/address:port`. */
export function findHostPortClash(pod: Pod, others: readonly Pod[]): string | undefined {
  const wanted = hostPorts(pod);
  if (wanted.length === 0) return undefined;
  const taken = others.flatMap(hostPorts);
  const clash = wanted.find((port) => taken.some((other) => clashes(port, other)));
  return clash && `${clash.protocol}/${clash.address}:${clash.port}`;
}

interface HostPort {
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
}

const anyAddress = "0.0.0.0";

/** App containers and sidecars: what an init container that ends asks for nobody could use. */
export function containersWithHostPorts({ spec }: Pod): Container[] {
  const sidecars = (spec?.initContainers ?? []).filter(isRestartableInitContainer);
  return [...sidecars, ...(spec?.containers ?? [])];
}

function hostPorts(pod: Pod): HostPort[] {
  return containersWithHostPorts(pod)
    .flatMap((container) => container.ports ?? [])
    .flatMap((port) => hostPort(port, pod));
}

function hostPort({ hostPort: port, hostIP, protocol = "TCP", containerPort }: ContainerPort, pod: Pod): HostPort[] {
  const number = port ?? (pod.spec?.hostNetwork === true ? containerPort : 0);
  return number > 0 ? [{ protocol, address: hostIP || anyAddress, port: number }] : [];
}

function clashes(left: HostPort, right: HostPort): boolean {
  if (left.port !== right.port || left.protocol !== right.protocol) return false;
  return left.address === right.address || left.address === anyAddress || right.address === anyAddress;
}
