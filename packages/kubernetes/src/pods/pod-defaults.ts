import type {
  Container,
  ContainerPort,
  EnvVar,
  EphemeralContainer,
  Pod,
  PodSpec,
  PodTemplateSpec,
  Probe,
} from "../api/index.ts";
import { setOwn } from "../patch/json-value.ts";
import { formatQuantity, quantityMilliValue, tryParseQuantity } from "../quantity.ts";
import { formatResourceList, isComputeResource, isPodResource, podRequests } from "./pod-resources.ts";
import { defaultPullPolicy, setVolumeDefaults } from "./volume-defaults.ts";

const thousandth = 1_000_000n;

/**
 * Sets the defaults of a pod in place, as upstream's core/v1 conversion does: an empty text in a field that cannot tell it from
 * none counts as none.
 */
export function setPodDefaults(pod: Pod): void {
  pod.spec ??= { containers: [] };
  const { spec } = pod;
  setPodSpecDefaults(spec);
  spec.enableServiceLinks ??= true;
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) spec.terminationGracePeriodSeconds = 1;
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    const { resources = {}, ports = [] } = container;
    if (resources.limits !== undefined) resources.requests = { ...resources.limits, ...resources.requests };
    if (spec.hostNetwork) for (const port of ports) port.hostPort ||= port.containerPort;
  }
  setSharedRequests(spec);
}

/** Sets the defaults of a workload's template in place: those of pods, but for what only a pod is given. */
export function setPodTemplateDefaults(template: PodTemplateSpec | undefined): void {
  if (template === undefined) return;
  template.spec ??= { containers: [] };
  setPodSpecDefaults(template.spec);
}

function setPodSpecDefaults(spec: PodSpec): void {
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
  roundAmounts(spec.overhead);
  for (const volume of spec.volumes ?? []) setVolumeDefaults(volume);
}

/**
 * A pod that is limited as a whole asks for as much cpu and memory as its containers do, and of what none of them asks for it asks for
 * all that it may have.
 */
function setSharedRequests(spec: PodSpec): void {
  const { resources, overhead: _o, ...own } = spec;
  const { limits = {} } = resources ?? {};
  if (resources === undefined || Object.keys(limits).length === 0) return;
  const sums = formatResourceList(podRequests({ ...own, resources: undefined }));
  const summed = Object.entries(sums).filter(([name]) => isComputeResource(name));
  const limited = Object.entries(limits).filter(([name]) => isPodResource(name));
  resources.requests = { ...Object.fromEntries([...limited, ...summed]), ...resources.requests };
}

function setContainerDefaults(container: Container | EphemeralContainer): void {
  container.imagePullPolicy ||= defaultPullPolicy(container.image ?? "");
  container.terminationMessagePath ||= "/dev/termination-log";
  container.terminationMessagePolicy ||= "File";
  container.resources ??= {};
  for (const amounts of [container.resources.limits, container.resources.requests]) roundAmounts(amounts);
  for (const port of (container.ports ?? []) as ContainerPort[]) port.protocol ||= "TCP";
  for (const variable of container.env ?? []) setEnvDefaults(variable);
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) {
    if (probe !== undefined) setProbeDefaults(probe);
  }
  for (const handler of [container.lifecycle?.postStart, container.lifecycle?.preStop]) {
    if (handler?.httpGet !== undefined) setHttpGetDefaults(handler.httpGet);
  }
}

/** Nothing is counted finer than in thousandths. */
function roundAmounts(amounts: Record<string, string> | undefined): void {
  for (const [name, text] of Object.entries(amounts ?? {})) {
    const quantity = tryParseQuantity(text);
    if (amounts === undefined || quantity === undefined || quantity.nano % thousandth === 0n) continue;
    const nano = BigInt(quantityMilliValue(quantity)) * thousandth;
    setOwn(amounts, name, formatQuantity({ ...quantity, nano }));
  }
}

function setEnvDefaults(variable: EnvVar): void {
  const { fieldRef, resourceFieldRef, fileKeyRef } = variable.valueFrom ?? {};
  if (fieldRef !== undefined) fieldRef.apiVersion ||= "v1";
  if (resourceFieldRef !== undefined) resourceFieldRef.divisor ||= "0";
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
