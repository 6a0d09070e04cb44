import type { ObjectMeta, PodSpec } from "../../api/index.ts";
import { configMirrorAnnotation } from "../../pods/pod-predicates.ts";
import { type FieldError, invalidValue } from "../field-error.ts";

const appArmor = "container.apparmor.security.beta.kubernetes.io/";
const seccompOfPod = "seccomp.security.alpha.kubernetes.io/pod";
const seccompOfContainer = "container.seccomp.security.alpha.kubernetes.io/";
const deletionCost = "controller.kubernetes.io/pod-deletion-cost";

/** Checks the annotations that say something of how a pod is run. */
export function validatePodAnnotations(
  annotations: ObjectMeta["annotations"],
  spec: PodSpec,
  path: string,
): FieldError[] {
  return Object.entries(annotations ?? {}).flatMap(([key, value]) => {
    const at = `${path}[${key}]`;
    if (key === configMirrorAnnotation && !spec.nodeName)
      return [invalidValue(at, value, "must set spec.nodeName if mirror pod annotation is set")];
    if (key.startsWith(appArmor)) return validateAppArmor(key.slice(appArmor.length), value, at, spec);
    if (key === seccompOfPod || key.startsWith(seccompOfContainer))
      return isSeccomp(value) ? [] : [invalidValue(`${path}.${key}`, value, "must be a valid seccomp profile")];
    if (key === deletionCost && !isInt32(value)) return [invalidValue(at, value, "must be a 32bit integer")];
    return [];
  });
}

function validateAppArmor(container: string, profile: string, path: string, spec: PodSpec): FieldError[] {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = spec;
  const isKnown = [...containers, ...initContainers, ...ephemeralContainers].some(({ name }) => name === container);
  const isValid = /^(?:runtime\/default|unconfined|localhost\/.*|)$/s.test(profile);
  return [
    ...(isKnown ? [] : [invalidValue(path, container, "container not found")]),
    ...(isValid ? [] : [invalidValue(path, profile, `invalid AppArmor profile name: ${JSON.stringify(profile)}`)]),
  ];
}

function isSeccomp(profile: string): boolean {
  return ["runtime/default", "docker/default", "unconfined"].includes(profile) || profile.startsWith("localhost/");
}

function isInt32(text: string): boolean {
  return /^(?:0|-?[1-9]\d*)$/.test(text) && Math.abs(Number(text)) < 2 ** 31;
}
