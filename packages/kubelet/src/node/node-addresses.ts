import { isIP, isIPv4 } from "node:net";
import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import type { NodeAddress } from "@wherry/kubernetes";
import { NodeError } from "./errors.ts";

export interface NodeAddressOptions {
  readonly nodeName: string;
  /** Value of `--node-ip`: one address, or one of each family separated by a comma; `0.0.0.0` or `::` only chooses the family. */
  readonly nodeIp?: string | undefined;
  /**
   * Accepts a loopback address, which no other machine can reach; for the embedded control plane on the same machine.
   * @default false
   */
  readonly allowLoopback?: boolean | undefined;
  /** Addresses by interface. @default those of the machine */
  readonly interfaces?: NodeJS.Dict<NetworkInterfaceInfo[]> | undefined;
  /** Text of `/proc/net/route` and `/proc/net/ipv6_route`; empty where unknown. */
  readonly routes?: { readonly ipv4: string; readonly ipv6: string } | undefined;
}

/**
 * The addresses to report: one InternalIP for each family given (the first is the primary one), then Hostname.
 *
 * Without `--node-ip` the InternalIP is a global address of the interface that has the default route, IPv4 preferred. Throws
 * `NodeError` of code `AddressInvalid` when the address given cannot be the node's or when none can be found.
 */
export function resolveNodeAddresses(options: NodeAddressOptions): NodeAddress[] {
  const internal = internalIps(options).map((address): NodeAddress => ({ type: "InternalIP", address }));
  return [...internal, { type: "Hostname", address: options.nodeName }];
}

function internalIps(options: NodeAddressOptions): string[] {
  const given = (options.nodeIp ?? "")
    .split(",")
    .map((address) => address.trim())
    .filter((address) => address !== "");
  if (given.length === 0) {
    if (isIP(options.nodeName) !== 0) return [checked(options.nodeName, options)];
    return [defaultAddress(options, undefined)];
  }
  if (given.length > 2 || (given.length === 2 && isIP(given[0] ?? "") === isIP(given[1] ?? "")))
    throw invalid(given.join(","), "it must hold one address, or one IPv4 and one IPv6 address separated by a comma");
  return given.map((address) => {
    if (address === "0.0.0.0") return defaultAddress(options, "IPv4");
    if (address === "::") return defaultAddress(options, "IPv6");
    return checked(address, options);
  });
}

function checked(address: string, options: NodeAddressOptions): string {
  if (isIP(address) === 0) throw invalid(address, "it is no IP address");
  if (isLoopback(address)) {
    if (options.allowLoopback) return address;
    throw invalid(
      address,
      "a loopback address cannot be reached by the API server; give an address of a network interface",
    );
  }
  if (isMulticast(address) || isLinkLocal(address))
    throw invalid(address, "multicast and link-local addresses cannot be a node's; give a global or private address");
  const own = Object.values(options.interfaces ?? networkInterfaces()).flatMap((entries) => entries ?? []);
  if (!own.some((entry) => entry.address === address))
    throw invalid(
      address,
      `it is on no interface of this machine, which has ${own.map((entry) => entry.address).join(", ")}`,
    );
  return address;
}

function defaultAddress(options: NodeAddressOptions, wanted: "IPv4" | "IPv6" | undefined): string {
  const interfaces = options.interfaces ?? networkInterfaces();
  const usable = (name: string, family: string) =>
    interfaces[name]?.find((entry) => entry.family === family && !entry.internal && isGlobal(entry.address))?.address;
  const families = wanted === undefined ? ["IPv4", "IPv6"] : [wanted];
  for (const family of families) {
    const routed = options.routes === undefined ? [] : defaultRouteInterfaces(options.routes, family);
    // Without a readable routing table (not Linux) any interface that is up will do, in the system's order.
    for (const name of routed.length > 0 ? routed : options.routes === undefined ? Object.keys(interfaces) : []) {
      const address = usable(name, family);
      if (address !== undefined) return address;
    }
  }
  if (options.allowLoopback) return wanted === "IPv6" ? "::1" : "127.0.0.1";
  throw new NodeError(
    "AddressInvalid",
    `Cannot choose the node's address: no interface with a default route has a global ${wanted ?? "IPv4 or IPv6"} address; set --node-ip`,
  );
}

/** Names of the interfaces with a default route, best metric first (proc_net(5) formats). */
export function defaultRouteInterfaces(routes: { ipv4: string; ipv6: string }, family: string): string[] {
  const found: { name: string; metric: number }[] = [];
  if (family === "IPv4") {
    for (const line of routes.ipv4.split("\n").slice(1)) {
      const [name, destination, , flags, , , metric, mask] = line.trim().split(/\s+/);
      if (name === undefined || destination !== "00000000" || mask !== "00000000") continue;
      if ((Number.parseInt(flags ?? "0", 16) & 1) === 1) found.push({ name, metric: Number(metric) });
    }
  } else {
    for (const line of routes.ipv6.split("\n")) {
      const fields = line.trim().split(/\s+/);
      const [destination, prefix] = fields;
      const name = fields[9];
      if (name === undefined || name === "lo" || !/^0{32}$/.test(destination ?? "") || prefix !== "00") continue;
      found.push({ name, metric: Number.parseInt(fields[5] ?? "0", 16) });
    }
  }
  return [...new Set(found.sort((a, b) => a.metric - b.metric).map((route) => route.name))];
}

function isGlobal(address: string): boolean {
  return !isLoopback(address) && !isMulticast(address) && !isLinkLocal(address);
}

function isLoopback(address: string): boolean {
  return isIPv4(address) ? address.startsWith("127.") : /^(0*:)*:?0*1$/.test(address) && address !== "1";
}

function isMulticast(address: string): boolean {
  if (isIPv4(address)) return Number.parseInt(address, 10) >= 224;
  return /^ff/i.test(address);
}

function isLinkLocal(address: string): boolean {
  return isIPv4(address) ? address.startsWith("169.254.") : /^fe[89ab]/i.test(address);
}

function invalid(address: string, why: string): NodeError {
  return new NodeError("AddressInvalid", `Cannot use "${address}" of --node-ip as the node's address: ${why}`);
}
