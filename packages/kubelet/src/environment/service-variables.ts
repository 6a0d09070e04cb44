import type { Service, ServicePort } from "@wherry/kubernetes";
import type { EnvironmentVariable } from "../ports/environment.ts";

/**
 * The variables that tell a pod about services, as upstream's kubelet sets them: those of the API server's own service always,
 * those of the pod's namespace with `enableServiceLinks`.
 *
 * Services without a cluster IP are left out. A service `kubernetes` of the pod's own namespace hides the API server's.
 */
export function serviceVariables(
  services: readonly Service[],
  namespace: string,
  enableServiceLinks: boolean,
): EnvironmentVariable[] {
  const chosen = new Map<string, Service>();
  for (const service of services) {
    const { name = "", namespace: itsNamespace } = service.metadata ?? {};
    if (!hasClusterIp(service)) continue;
    if (itsNamespace === namespace && enableServiceLinks) chosen.set(name, service);
    else if (itsNamespace === "default" && name === "kubernetes" && !chosen.has(name)) chosen.set(name, service);
  }
  return [...chosen].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([name, service]) => variablesOf(name, service));
}

function hasClusterIp(service: Service): boolean {
  const address = service.spec?.clusterIP;
  return address !== undefined && address !== "" && address !== "None";
}

function variablesOf(name: string, service: Service): EnvironmentVariable[] {
  const prefix = variableName(name);
  const address = service.spec?.clusterIP ?? "";
  const ports = service.spec?.ports ?? [];
  const result: EnvironmentVariable[] = [{ name: `${prefix}_SERVICE_HOST`, value: address }];
  const first = ports[0];
  if (first === undefined) return result;
  result.push({ name: `${prefix}_SERVICE_PORT`, value: String(first.port) });
  for (const { name: portName, port } of ports)
    if (portName) result.push({ name: `${prefix}_SERVICE_PORT_${variableName(portName)}`, value: String(port) });
  result.push({ name: `${prefix}_PORT`, value: url(first, address) });
  return [...result, ...ports.flatMap((port) => linkVariables(prefix, address, port))];
}

/** The form of Docker's links. */
function linkVariables(prefix: string, address: string, port: ServicePort): EnvironmentVariable[] {
  const protocol = port.protocol ?? "TCP";
  const base = `${prefix}_PORT_${port.port}_${protocol.toUpperCase()}`;
  return [
    { name: base, value: url(port, address) },
    { name: `${base}_PROTO`, value: protocol.toLowerCase() },
    { name: `${base}_PORT`, value: String(port.port) },
    { name: `${base}_ADDR`, value: address },
  ];
}

function url(port: ServicePort, address: string): string {
  const host = address.includes(":") ? `[${address}]` : address;
  return `${(port.protocol ?? "TCP").toLowerCase()}://${host}:${port.port}`;
}

function variableName(name: string): string {
  return name.replaceAll("-", "_").toUpperCase();
}
