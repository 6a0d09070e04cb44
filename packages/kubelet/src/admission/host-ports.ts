import type { ContainerPort, Pod } from "@wherry/kubernetes";

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

function hostPorts(pod: Pod): HostPort[] {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  return containers.flatMap((container) => container.ports ?? []).flatMap((port) => hostPort(port, pod));
}

function hostPort({ hostPort: port, hostIP, protocol = "TCP", containerPort }: ContainerPort, pod: Pod): HostPort[] {
  const number = port ?? (pod.spec?.hostNetwork === true ? containerPort : 0);
  return number > 0 ? [{ protocol, address: hostIP || anyAddress, port: number }] : [];
}

function clashes(left: HostPort, right: HostPort): boolean {
  if (left.port !== right.port || left.protocol !== right.protocol) return false;
  return left.address === right.address || left.address === anyAddress || right.address === anyAddress;
}
