import {
  configMirrorAnnotation,
  dnsLabelProblem,
  dnsSubdomainProblem,
  type JsonValue,
  labelKeyProblem,
  labelValueProblem,
  type Pod,
  type PodSpec,
} from "@wherry/kubernetes";
import { apiReferences } from "./api-references.ts";
import { checkContainers, checkResources, isPodResource } from "./check-container.ts";
import { checkFields, type Report } from "./check-fields.ts";
import type { ManifestProblem } from "./errors.ts";
import { shown } from "./typed-value.ts";

/** Directories are named by it, so it must be one path segment. */
const uidPattern = /^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/;

/**
 * What keeps a well-typed pod from running as a static one: of the API server's checks those on which what runs depends, and
 * references to objects of the API. What else that server checks shows when it refuses the mirror pod.
 */
export function checkStaticPod(pod: Pod, nodeName: string): ManifestProblem[] {
  const problems: ManifestProblem[] = [];
  const report: Report = (path, message) => void problems.push({ path, message });
  checkMetadata(pod, nodeName, report);
  if (pod.spec === undefined) report("spec", "is missing");
  else {
    checkFields(pod.spec as unknown as JsonValue, "core/v1.PodSpec", "spec", report);
    checkSpec(pod.spec, report);
  }
  return [...problems, ...apiReferences(pod)];
}

function checkMetadata({ metadata = {} }: Pod, nodeName: string, report: Report): void {
  const { name, namespace, uid, labels, annotations } = metadata;
  if (!name) report("metadata.name", "is missing, a pod needs a name");
  else checkName("metadata.name", `${name}-${nodeName}`, dnsSubdomainProblem, report);
  if (namespace) checkName("metadata.namespace", namespace, dnsLabelProblem, report);
  if (uid && !uidPattern.test(uid))
    report("metadata.uid", `is ${shown(uid)}, it must be at most 63 letters, digits and "-"`);
  for (const [key, value] of Object.entries(labels ?? {})) {
    const problem = labelKeyProblem(key) ?? labelValueProblem(value);
    if (problem !== undefined) report(`metadata.labels[${key}]`, `is ${shown(value)}: ${problem}`);
  }
  for (const key of Object.keys(annotations ?? {})) {
    const problem = labelKeyProblem(key.toLowerCase());
    if (problem !== undefined) report(`metadata.annotations[${key}]`, `has a name that is none: ${problem}`);
  }
  if (annotations?.[configMirrorAnnotation] !== undefined)
    report(`metadata.annotations[${configMirrorAnnotation}]`, "must not be set, only mirror pods in the API have it");
}

function checkSpec(spec: PodSpec, report: Report): void {
  const { containers = [], initContainers = [], volumes = [] } = spec;
  if ((spec.ephemeralContainers ?? []).length > 0)
    report("spec.ephemeralContainers", "must not be set, debug containers are added through the API");
  if ((spec.schedulingGates ?? []).length > 0)
    report("spec.schedulingGates", "must not be set, the pod is on its node already");
  if (containers.length === 0) report("spec.containers", "is empty, a pod needs a container");
  const volumeNames = new Set<string>();
  for (const [index, { name }] of volumes.entries())
    checkUnique(`spec.volumes[${index}].name`, name, volumeNames, report);
  const names = new Set<string>();
  for (const [list, members] of Object.entries({ containers, initContainers }))
    for (const [index, { name }] of members.entries()) checkUnique(`spec.${list}[${index}].name`, name, names, report);
  checkResources(spec.resources, "spec.resources", isPodResource, report);
  checkContainers(spec, report);
}

function checkUnique(path: string, name: string | undefined, names: Set<string>, report: Report): void {
  if (!name) report(path, "is missing");
  else checkName(path, name, dnsLabelProblem, report);
  if (name && names.has(name)) report(path, `is ${shown(name)}, which another has already`);
  names.add(name ?? "");
}

function checkName(path: string, name: string, problemOf: (name: string) => string | undefined, report: Report): void {
  const problem = problemOf(name);
  if (problem !== undefined) report(path, `is ${shown(name)}: ${problem}`);
}
