import type { Service, ServiceSpec } from "@wherry/kubernetes";

/** The `clusterIP` of a service that has no address on purpose. */
export const headless = "None";

export const isHeadless = ({ clusterIP }: ServiceSpec): boolean => clusterIP === headless;

/** Whether services of the type have an address inside the cluster, all but mere names do. */
export const hasClusterIp = ({ type }: ServiceSpec): boolean => type !== "ExternalName";

/** Whether services of the type have a port on every node. */
export const hasNodePorts = ({ type, allocateLoadBalancerNodePorts }: ServiceSpec): boolean =>
  type === "NodePort" || (type === "LoadBalancer" && allocateLoadBalancerNodePorts !== false);

/** The spec, which decoding and defaults have seen to. */
export function specOf(service: Service): ServiceSpec {
  service.spec ??= {};
  return service.spec;
}
