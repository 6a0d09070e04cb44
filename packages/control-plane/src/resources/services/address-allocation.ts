import { type FieldError, invalidValue, jsonEquals, type Service, type ServiceSpec } from "@wherry/kubernetes";
import { invalid } from "../../errors.ts";
import type { StrategyContext } from "../resource-definition.ts";
import { hasClusterIp, hasNodePorts, isHeadless, specOf } from "./service-types.ts";

/** The range that upstream's API server takes where none is named, and the part of it that its own service has. */
const range = { prefix: "10.0.0.", first: 2, last: 254 } as const;
/** Addresses below are given only to those who ask for one, as long as there are others. */
const firstDynamicHost = 17;

const nodePorts = { first: 30_000, firstDynamic: 30_086, last: 32_767 } as const;

const kind: { readonly group: string; readonly kind: string } = { group: "", kind: "Service" };

/**
 * Gives a service the addresses and ports that it wants and does not have: an IP of the cluster's range, and ports of nodes.
 *
 * Those it names itself must be free. `old` is what an update replaces. Throws a 422 ApiError.
 */
export function allocateAddresses(service: Service, old: Service | undefined, { store }: StrategyContext): void {
  const spec = specOf(service);
  const others = store
    .list("services")
    .map((record) => record.object as Service)
    .filter(({ metadata }) => metadata?.uid !== service.metadata?.uid);
  const refuse = (error: FieldError) => invalid(kind, service.metadata?.name ?? "", [error]);
  if (hasClusterIp(spec) && !isHeadless(spec)) {
    const problem = claimClusterIp(
      spec,
      old?.spec,
      new Set(others.flatMap(({ spec: other }) => other?.clusterIP ?? [])),
    );
    if (problem !== undefined) throw refuse(problem);
  }
  if (hasNodePorts(spec)) {
    const taken = new Set(others.flatMap(({ spec: other }) => other?.ports ?? []).map(keyOfNodePort));
    const problem = claimNodePorts(spec, old?.spec, taken);
    if (problem !== undefined) throw refuse(problem);
  }
}

function claimClusterIp(
  spec: ServiceSpec,
  old: ServiceSpec | undefined,
  taken: ReadonlySet<string>,
): FieldError | undefined {
  const wanted = spec.clusterIP;
  if (wanted) {
    if (wanted === old?.clusterIP) return undefined;
    const refuse = (why: string) =>
      invalidValue("spec.clusterIPs", [wanted], `failed to allocate IP ${wanted}: ${why}`);
    const host = wanted.startsWith(range.prefix) ? Number(wanted.slice(range.prefix.length)) : 0;
    if (host === range.first - 1) return refuse("provided IP is already allocated");
    if (!(host >= range.first && host <= range.last)) {
      return refuse("the provided network does not match the current range");
    }
    if (taken.has(wanted)) return refuse("provided IP is already allocated");
    return undefined;
  }
  const host = firstFree(range.first, firstDynamicHost, range.last, (candidate) =>
    taken.has(`${range.prefix}${candidate}`),
  );
  if (host === undefined) {
    return {
      reason: "InternalError",
      message: "Internal error: failed to allocate a serviceIP: range is full",
      field: "spec.clusterIPs",
    };
  }
  spec.clusterIP = `${range.prefix}${host}`;
  spec.clusterIPs = [spec.clusterIP];
  return undefined;
}

function claimNodePorts(
  { ports = [] }: ServiceSpec,
  old: ServiceSpec | undefined,
  others: ReadonlySet<string>,
): FieldError | undefined {
  const mine = new Set((old?.ports ?? []).map(keyOfNodePort));
  const taken = new Set([...others, ...mine]);
  for (const [index, port] of ports.entries()) {
    if (!port.nodePort) continue;
    const field = `spec.ports[${index}].nodePort`;
    if (port.nodePort < nodePorts.first || port.nodePort > nodePorts.last) {
      const bounds = `${nodePorts.first}-${nodePorts.last}`;
      const why = `provided port is not in the valid range. The range of valid ports is ${bounds}`;
      return invalidValue(field, port.nodePort, why);
    }
    const key = keyOfNodePort(port);
    if (taken.has(key) && !mine.delete(key)) {
      return invalidValue(field, port.nodePort, "provided port is already allocated");
    }
    taken.add(key);
  }
  for (const port of ports) {
    if (port.nodePort) continue;
    const { first, firstDynamic, last } = nodePorts;
    const isTaken = (nodePort: number) => taken.has(keyOfNodePort({ ...port, nodePort }));
    const free = firstFree(first, firstDynamic, last, isTaken);
    if (free === undefined) {
      return {
        reason: "InternalError",
        message: "Internal error: failed to allocate a nodePort: range is full",
        field: "spec.ports",
      };
    }
    port.nodePort = free;
    taken.add(keyOfNodePort(port));
  }
  return undefined;
}

function keyOfNodePort({
  nodePort,
  protocol,
}: {
  nodePort?: number | undefined;
  protocol?: string | undefined;
}): string {
  return `${nodePort ?? 0}/${protocol ?? "TCP"}`;
}

/** The first number from `dynamic` to `last` that is not taken, then from `first` on. */
function firstFree(
  first: number,
  dynamic: number,
  last: number,
  isTaken: (candidate: number) => boolean,
): number | undefined {
  for (let candidate = dynamic; candidate <= last; candidate++) if (!isTaken(candidate)) return candidate;
  for (let candidate = first; candidate < dynamic; candidate++) if (!isTaken(candidate)) return candidate;
  return undefined;
}

/** Brings `clusterIP` and `clusterIPs`, which say the same, to one another where a client has changed or given only one. */
export function alignClusterIps(spec: ServiceSpec, old: ServiceSpec | undefined): void {
  const isNewIp = spec.clusterIP !== old?.clusterIP;
  const isNewList = !jsonEquals(spec.clusterIPs, old?.clusterIPs);
  if (!isNewIp || (isNewList && (spec.clusterIPs?.length ?? 0) > 0)) return;
  if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP];
  else delete spec.clusterIPs;
}

/** What an update says nothing of stays, and what the new type has no use for goes, as upstream's storage does. */
export function carryAddresses(spec: ServiceSpec, old: ServiceSpec): void {
  if (!hasClusterIp(spec)) {
    if (spec.clusterIP === old.clusterIP) delete spec.clusterIP;
    if (jsonEquals(spec.clusterIPs, old.clusterIPs)) delete spec.clusterIPs;
    for (const field of ["ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"] as const) {
      if (jsonEquals(spec[field], old[field])) delete spec[field];
    }
  } else if (hasClusterIp(old) && !spec.clusterIP && (spec.clusterIPs?.length ?? 0) === 0) {
    spec.clusterIP = old.clusterIP;
    spec.clusterIPs = old.clusterIPs;
  }
  if (hasNodePorts(spec) && hasNodePorts(old)) carryNodePorts(spec, old);
  if (!hasNodePorts(spec)) {
    const before = new Set((old.ports ?? []).map(keyOfNodePort));
    for (const port of spec.ports ?? []) if (before.has(keyOfNodePort(port))) delete port.nodePort;
  }
  const isExternal = spec.type === "NodePort" || spec.type === "LoadBalancer";
  if (!isExternal && spec.externalTrafficPolicy === old.externalTrafficPolicy) delete spec.externalTrafficPolicy;
  if (spec.type !== "LoadBalancer" && spec.allocateLoadBalancerNodePorts === old.allocateLoadBalancerNodePorts) {
    delete spec.allocateLoadBalancerNodePorts;
  }
}

function carryNodePorts({ ports = [] }: ServiceSpec, old: ServiceSpec): void {
  const given = new Set(ports.filter(({ nodePort }) => nodePort).map(keyOfNodePort));
  for (const port of ports) {
    if (port.nodePort) continue;
    const before = old.ports?.find((item) => item.port === port.port && item.protocol === port.protocol);
    if (before?.nodePort && !given.has(keyOfNodePort(before))) port.nodePort = before.nodePort;
  }
}
