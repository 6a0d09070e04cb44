import {
  dnsLabelProblem,
  type EndpointSlice,
  type Endpoints,
  type Service,
  type ServicePort,
  type ServiceSpec,
  type ServiceStatus,
} from "@wherry/kubernetes";
import { ageOf } from "../../tables/age.ts";
import { defineResource, type ResourceDefinition, type StrategyContext } from "../resource-definition.ts";
import { alignClusterIps, allocateAddresses, carryAddresses } from "./address-allocation.ts";
import { hasClusterIp, isHeadless, specOf } from "./service-types.ts";
import { validateService, validateServiceUpdate } from "./service-validation.ts";

const ageColumn = { name: "Age", description: "Time since the object was created." } as const;
const maxShownEndpoints = 3;

const affinityTimeoutSeconds = 10_800;

function setServiceDefaults(service: Service): void {
  const spec = specOf(service);
  spec.type ??= "ClusterIP";
  spec.sessionAffinity ??= "None";
  if (spec.sessionAffinity === "ClientIP") {
    spec.sessionAffinityConfig ??= {};
    spec.sessionAffinityConfig.clientIP ??= {};
    spec.sessionAffinityConfig.clientIP.timeoutSeconds ??= affinityTimeoutSeconds;
  }
  if (hasClusterIp(spec)) spec.internalTrafficPolicy ??= "Cluster";
  if (spec.type === "NodePort" || spec.type === "LoadBalancer") spec.externalTrafficPolicy ??= "Cluster";
  if (spec.type === "LoadBalancer") spec.allocateLoadBalancerNodePorts ??= true;
  for (const port of spec.ports ?? []) {
    port.protocol ??= "TCP";
    if (!port.targetPort) port.targetPort = port.port;
  }
  service.status ??= { loadBalancer: {} };
}

/** Fills in what the server decides, unless the service will be refused anyway. */
function complete(service: Service, old: Service | undefined, context: StrategyContext): void {
  const spec = specOf(service);
  alignClusterIps(spec, old?.spec);
  if (old?.spec !== undefined) carryAddresses(spec, old.spec);
  if (!hasClusterIp(spec)) return;
  setFamilies(spec);
  const errors = [...validateService(service), ...(old === undefined ? [] : validateServiceUpdate(service, old))];
  if (errors.length === 0) allocateAddresses(service, old, context);
}

function setFamilies(spec: ServiceSpec): void {
  const isOpen = isHeadless(spec) && spec.selector === undefined;
  spec.ipFamilyPolicy ??= isOpen ? "RequireDualStack" : "SingleStack";
  spec.ipFamilies ??= isOpen && spec.ipFamilyPolicy !== "SingleStack" ? ["IPv4", "IPv6"] : ["IPv4"];
}

/** Where the service is reached from outside, `<pending>` for a load balancer that nobody has made. */
function externalText({ type, externalName, externalIPs = [] }: ServiceSpec, status: ServiceStatus = {}): string {
  if (type === "ExternalName") return externalName ?? "";
  const balancers = (status.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? "");
  const addresses = type === "LoadBalancer" ? [...balancers, ...externalIPs] : externalIPs;
  return addresses.join(",") || (type === "LoadBalancer" ? "<pending>" : "<none>");
}

function portText({ port, nodePort, protocol }: ServicePort): string {
  return nodePort ? `${port}:${nodePort}/${protocol ?? "TCP"}` : `${port}/${protocol ?? "TCP"}`;
}

export const services: ResourceDefinition = defineResource<Service>({
  group: "",
  version: "v1",
  resource: "services",
  singular: "service",
  kind: "Service",
  shortNames: ["svc"],
  categories: ["all"],
  namespaced: true,
  schema: "core/v1.Service",
  nameProblem: dnsLabelProblem,
  strategy: {
    setDefaults: setServiceDefaults,
    prepareForCreate(service, context) {
      service.status = { loadBalancer: {} };
      complete(service, undefined, context);
    },
    prepareForUpdate(service, old, context) {
      service.status = old.status;
      complete(service, old, context);
    },
    validate: validateService,
    validateUpdate: validateServiceUpdate,
    selectableFields: (service) => ({
      "spec.clusterIP": service.spec?.clusterIP ?? "",
      "spec.type": service.spec?.type ?? "",
    }),
    allowCreateOnUpdate: true,
  },
  printer: {
    columns: [
      { name: "Type", description: "How the service is reached." },
      { name: "Cluster-IP", description: "Virtual address inside the cluster." },
      { name: "External-IP", description: "Addresses outside the cluster." },
      { name: "Port(s)", description: "Ports of the service." },
      ageColumn,
      { name: "Selector", description: "Labels of the pods behind the service.", priority: 1 },
    ],
    cells: ({ spec = {}, metadata, status }, nowMs) => [
      spec.type ?? "",
      spec.clusterIP || "<none>",
      externalText(spec, status),
      spec.ports?.map(portText).join(",") || "<none>",
      ageOf(metadata?.creationTimestamp, nowMs),
      labelText(spec.selector),
    ],
  },
  subresources: [{ name: "status", kind: "Service", verbs: ["get", "patch", "update"], handling: { kind: "status" } }],
});

/** `a=b,c=d`, sorted, or `<none>`. */
function labelText(labels: Readonly<Record<string, string>> | undefined): string {
  const parts = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return parts.length === 0 ? "<none>" : parts.sort().join(",");
}

function shortList(items: readonly string[]): string {
  if (items.length === 0) return "<none>";
  const more = items.length - maxShownEndpoints;
  return more > 0 ? `${items.slice(0, maxShownEndpoints).join(",")} + ${more} more...` : items.join(",");
}

function endpointTexts({ subsets = [] }: Endpoints): string[] {
  return subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map((address) => address.ip)
      : ports.flatMap((port) => addresses.map((address) => `${address.ip}:${port.port}`)),
  );
}

export const endpoints: ResourceDefinition = defineResource<Endpoints>({
  group: "",
  version: "v1",
  resource: "endpoints",
  singular: "endpoints",
  kind: "Endpoints",
  shortNames: ["ep"],
  namespaced: true,
  schema: "core/v1.Endpoints",
  strategy: { allowCreateOnUpdate: true },
  printer: {
    columns: [{ name: "Endpoints", description: "Addresses behind the service." }, ageColumn],
    cells: (object, nowMs) => [shortList(endpointTexts(object)), ageOf(object.metadata?.creationTimestamp, nowMs)],
  },
});

export const endpointSlices: ResourceDefinition = defineResource<EndpointSlice>({
  group: "discovery.k8s.io",
  version: "v1",
  resource: "endpointslices",
  singular: "endpointslice",
  kind: "EndpointSlice",
  namespaced: true,
  schema: "discovery/v1.EndpointSlice",
  strategy: { tracksGeneration: true },
  printer: {
    columns: [
      { name: "AddressType", description: "Kind of the addresses." },
      { name: "Ports", description: "Ports of the endpoints." },
      { name: "Endpoints", description: "Addresses of the endpoints." },
      ageColumn,
    ],
    cells: (slice, nowMs) => [
      slice.addressType,
      shortList((slice.ports ?? []).map((port) => (port.port === undefined ? "*" : String(port.port)))).replace(
        "<none>",
        "<unset>",
      ),
      shortList((slice.endpoints ?? []).flatMap((endpoint) => endpoint.addresses)).replace("<none>", "<unset>"),
      ageOf(slice.metadata?.creationTimestamp, nowMs),
    ],
  },
});
