import type {
  Container,
  ContainerPort,
  EnvVar,
  EphemeralContainer,
  Pod,
  PodSpec,
  Probe,
  Volume,
} from "../api/index.ts";

import { formatResourceList, podRequests } from "./pod-resources.ts";

const defaultFileMode = 0o644;
const defaultTokenSeconds = 3600;

/**
 * Sets the defaults of a pod in place, as upstream's core/v1 conversion does: an empty text in a field that cannot tell it from
 * none counts as none.
 */
export function setPodDefaults(pod: Pod): void {
  pod.spec ??= { containers: [] };
  const { spec } = pod;
  setPodSpecDefaults(spec);
  spec.enableServiceLinks ??= true;
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    const { resources = {}, ports = [] } = container;
    if (resources.limits !== undefined) resources.requests = { ...resources.limits, ...resources.requests };
    if (spec.hostNetwork) for (const port of ports) port.hostPort ||= port.containerPort;
  }
  setSharedRequests(spec);
}

/** Sets what is the same in pods and in templates of pods. */
export function setPodSpecDefaults(spec: PodSpec): void {
  spec.containers ??= [];
  spec.restartPolicy ||= "Always";
  spec.terminationGracePeriodSeconds ??= 30;
  spec.dnsPolicy ||= "ClusterFirst";
  spec.schedulerName ||= "default-scheduler";
  spec.securityContext ??= {};
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName;
  else if (spec.serviceAccount) spec.serviceAccountName = spec.serviceAccount;
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) setContainerDefaults(container);
  for (const container of spec.ephemeralContainers ?? []) setContainerDefaults(container);
  for (const constraint of spec.topologySpreadConstraints ?? []) {
    constraint.nodeAffinityPolicy ??= "Honor";
    constraint.nodeTaintsPolicy ??= "Ignore";
  }
  for (const volume of spec.volumes ?? []) setVolumeDefaults(volume);
}

/** What a pod as a whole asks for, where it says something of it at all: what its containers do, or else what it may have. */
function setSharedRequests(spec: PodSpec): void {
  const { resources, overhead: _, ...own } = spec;
  const { limits = {}, requests = {} } = resources ?? {};
  if (resources === undefined || (Object.keys(limits).length === 0 && Object.keys(requests).length === 0)) return;
  const containers = formatResourceList(podRequests(own));
  const shared = Object.entries({ ...limits, ...containers }).filter(([name]) => name === "cpu" || name === "memory");
  const hugePages = Object.entries(limits).filter(([name]) => name.startsWith("hugepages-"));
  resources.requests = { ...Object.fromEntries([...shared, ...hugePages]), ...requests };
}

function setContainerDefaults(container: Container | EphemeralContainer): void {
  container.imagePullPolicy ||= defaultPullPolicy(container.image ?? "");
  container.terminationMessagePath ||= "/dev/termination-log";
  container.terminationMessagePolicy ||= "File";
  container.resources ??= {};
  for (const port of (container.ports ?? []) as ContainerPort[]) port.protocol ||= "TCP";
  for (const variable of container.env ?? []) setEnvDefaults(variable);
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) {
    if (probe !== undefined) setProbeDefaults(probe);
  }
  for (const handler of [container.lifecycle?.postStart, container.lifecycle?.preStop]) {
    if (handler?.httpGet !== undefined) setHttpGetDefaults(handler.httpGet);
  }
}

/** `Always` for the tag `latest`, also where it is only implied; `IfNotPresent` for other tags and for digests. */
function defaultPullPolicy(image: string): string {
  const [name = "", digest] = image.split("@");
  const tag = /:([^:/]+)$/.exec(name)?.[1];
  return tag === "latest" || (tag === undefined && digest === undefined) ? "Always" : "IfNotPresent";
}

function setEnvDefaults(variable: EnvVar): void {
  const { fieldRef, fileKeyRef } = variable.valueFrom ?? {};
  if (fieldRef !== undefined) fieldRef.apiVersion ||= "v1";
  if (fileKeyRef !== undefined) fileKeyRef.optional ??= false;
}

function setProbeDefaults(probe: Probe): void {
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  if (probe.httpGet !== undefined) setHttpGetDefaults(probe.httpGet);
  if (probe.grpc !== undefined) probe.grpc.service ??= "";
}

function setHttpGetDefaults(action: NonNullable<Probe["httpGet"]>): void {
  action.path ||= "/";
  action.scheme ||= "HTTP";
}

function setVolumeDefaults(volume: Volume): void {
  if (Object.entries(volume).every(([key, source]) => key === "name" || source === undefined)) volume.emptyDir = {};
  if (volume.secret !== undefined) volume.secret.defaultMode ??= defaultFileMode;
  if (volume.configMap !== undefined) volume.configMap.defaultMode ??= defaultFileMode;
  if (volume.hostPath !== undefined) volume.hostPath.type ??= "";
  if (volume.image !== undefined) volume.image.pullPolicy ||= defaultPullPolicy(volume.image.reference ?? "");
  if (volume.downwardAPI !== undefined) {
    volume.downwardAPI.defaultMode ??= defaultFileMode;
    for (const item of volume.downwardAPI.items ?? []) if (item.fieldRef) item.fieldRef.apiVersion ||= "v1";
  }
  if (volume.projected === undefined) return;
  volume.projected.defaultMode ??= defaultFileMode;
  for (const source of volume.projected.sources ?? []) {
    for (const item of source.downwardAPI?.items ?? []) if (item.fieldRef) item.fieldRef.apiVersion ||= "v1";
    if (source.serviceAccountToken !== undefined) source.serviceAccountToken.expirationSeconds ??= defaultTokenSeconds;
  }
}
