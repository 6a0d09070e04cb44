import type { GuestSocket, SocketAddress } from "@wherry/engine";
import type { ContainerConfig, ContainerPort } from "../../container.ts";
import { RuntimeError } from "../../errors.ts";

/** Addresses that mean every one of the machine, where a host port listens on the node's own. */
const wildcards: readonly string[] = ["", "0.0.0.0", "::"];

/**
 * The listening sockets of a container: one for each TCP port it declares, in their order. A port that is declared again adds
 * its host port to the first.
 *
 * WASI preview 1 has streams only, so there is no socket for UDP and SCTP.
 *
 * @param address of the pod
 */
export function containerSockets(
  ports: readonly ContainerPort[],
  address: string,
  nodeAddress: string,
): readonly GuestSocket[] {
  const sockets = new Map<number, GuestSocket>();
  for (const { name, containerPort, protocol, hostPort, hostIp } of ports) {
    if (protocol !== "TCP") continue;
    const own = { address, port: containerPort };
    const host = { address: wildcards.includes(hostIp) ? nodeAddress : hostIp, port: hostPort };
    const before = sockets.get(containerPort) ?? { name: name || `port${containerPort}`, listen: [own] };
    const isNew = hostPort > 0 && !before.listen.some((known) => isSame(known, host));
    sockets.set(containerPort, isNew ? { ...before, listen: [...before.listen, host] } : before);
  }
  return [...sockets.values()];
}

/** A container that may listen, with what to call it in an error. */
export interface SocketOwner {
  readonly container: string;
  readonly pod: string;
  readonly sockets: readonly GuestSocket[];
}

/** Throws `RuntimeError` of code `FailedPrecondition` when another container of the node listens where `config` wants to. */
export function refusePortClash(
  config: Pick<ContainerConfig, "name" | "ports">,
  sockets: readonly GuestSocket[],
  others: Iterable<SocketOwner>,
): void {
  const wanted = sockets.flatMap(({ listen }) => listen);
  if (wanted.length === 0) return;
  for (const { container, pod, sockets: theirs } of others) {
    const clash = theirs
      .flatMap(({ listen }) => listen)
      .flatMap((taken) => wanted.filter((address) => isSame(address, taken)))[0];
    if (clash === undefined) continue;
    throw new RuntimeError(
      "FailedPrecondition",
      `Cannot create container "${config.name}": ${fieldOf(config.ports, clash.port)} is ${clash.port}, and container ` +
        `"${container}" of pod "${pod}" listens on ${clash.address}:${clash.port} already`,
      { retryable: true },
    );
  }
}

function isSame(left: SocketAddress, right: SocketAddress): boolean {
  return left.address === right.address && left.port === right.port;
}

function fieldOf(ports: readonly ContainerPort[], port: number): string {
  const index = ports.findIndex((entry) => entry.containerPort === port);
  if (index >= 0) return `ports[${index}].containerPort`;
  return `ports[${ports.findIndex((entry) => entry.hostPort === port)}].hostPort`;
}
