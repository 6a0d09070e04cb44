import type { EndpointSlice, Endpoints, Service, ServicePort } from "@wherry/kubernetes";
import { ageOf } from "../tables/age.ts";
import { checkSupported, type FieldError, invalidValue, required } from "../validation/field-error.ts";
import { defineResource, type ResourceDefinition } from "./resource-definition.ts";

const ageColumn = { name: "Age", description: "Time since the object was created." } as const;
const maxShownEndpoints = 3;

function setServiceDefaults(service: Service): void {
  service.spec ??= {};
  const { spec } = service;
  spec.type ??= "ClusterIP";
  spec.sessionAffinity ??= "None";
  if (spec.type !== "ExternalName") spec.internalTrafficPolicy ??= "Cluster";
  for (const port of spec.ports ?? []) {
    port.protocol ??= "TCP";
    if (port.targetPort === undefined || port.targetPort === "") port.targetPort = port.port;
  }
  service.status ??= { loadBalancer: {} };
}

function validateService({ spec = {} }: Service): FieldError[] {
  const errors: FieldError[] = [
    ...checkSupported("spec.type", spec.type, ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]),
    ...checkSupported("spec.sessionAffinity", spec.sessionAffinity, ["ClientIP", "None"]),
  ];
  const isHeadless = spec.clusterIP === "None";
  if ((spec.ports?.length ?? 0) === 0 && !isHeadless && spec.type !== "ExternalName")
    errors.push(required("spec.ports"));
  if (spec.type === "ExternalName" && !spec.externalName) errors.push(required("spec.externalName"));
  spec.ports?.forEach((port, index) => {
    const at = `spec.ports[${index}]`;
    if ((spec.ports?.length ?? 0) > 1 && !port.name) errors.push(required(`${at}.name`));
    if (!(port.port >= 1 && port.port <= 65535)) {
      errors.push(invalidValue(`${at}.port`, port.port, "must be between 1 and 65535, inclusive"));
    }
    errors.push(...checkSupported(`${at}.protocol`, port.protocol, ["SCTP", "TCP", "UDP"]));
  });
  return errors;
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
  strategy: {
    setDefaults: setServiceDefaults,
    validate: validateService,
    prepareForUpdate(service, old) {
      service.status = old.status;
    },
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
    cells: ({ spec = {}, metadata }, nowMs) => [
      spec.type ?? "",
      spec.clusterIP || "<none>",
      spec.externalName || spec.externalIPs?.join(",") || "<none>",
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
