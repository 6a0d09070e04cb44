import type { AppArmorProfile, ObjectMeta, PodSpec, SeccompProfile } from "../../api/index.ts";
import { configMirrorAnnotation } from "../../pods/pod-predicates.ts";
import { type FieldError, forbiddenValue, invalidValue } from "../field-error.ts";
import { validateRelativePath } from "../relative-path.ts";

const appArmor = "container.apparmor.security.beta.kubernetes.io/";
const seccompOfPod = "seccomp.security.alpha.kubernetes.io/pod";
const seccompOfContainer = "container.seccomp.security.alpha.kubernetes.io/";
const localhost = "localhost/";
const typesOfProfiles: Readonly<Partial<Record<string, string>>> = {
  "runtime/default": "RuntimeDefault",
  "docker/default": "RuntimeDefault",
  unconfined: "Unconfined",
};
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
    if (key === seccompOfPod || key.startsWith(seccompOfContainer)) return validateSeccomp(value, `${path}.${key}`);
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

function validateSeccomp(profile: string, path: string): FieldError[] {
  if (profile.startsWith(localhost)) return validateRelativePath(profile.slice(localhost.length), path);
  return Object.hasOwn(typesOfProfiles, profile)
    ? []
    : [invalidValue(path, profile, "must be a valid seccomp profile")];
}

/** Checks that profiles which are given in annotations and in fields are the same. */
export function validateProfileAnnotations(
  annotations: ObjectMeta["annotations"],
  spec: PodSpec,
  path: string,
): FieldError[] {
  const { containers = [], initContainers = [], securityContext } = spec;
  const annotated = (key: string) =>
    annotations !== undefined && Object.hasOwn(annotations, key) ? annotations[key] : undefined;
  const compare = validateSameProfile;
  return [
    ...compare(
      "seccomp",
      annotated(seccompOfPod),
      securityContext?.seccompProfile,
      `${path}.securityContext.seccompProfile`,
    ),
    ...Object.entries({ initContainers, containers }).flatMap(([list, members]) =>
      members.flatMap(({ name, securityContext: own }, index) => {
        const at = `${path}.${list}[${index}].securityContext`;
        return [
          ...compare("seccomp", annotated(seccompOfContainer + name), own?.seccompProfile, `${at}.seccompProfile`),
          ...compare("apparmor", annotated(appArmor + name), own?.appArmorProfile, `${at}.appArmorProfile`),
        ];
      }),
    ),
  ];
}

function validateSameProfile(
  kind: string,
  annotation: string | undefined,
  profile: SeccompProfile | AppArmorProfile | undefined,
  path: string,
): FieldError[] {
  if (!annotation || profile === undefined) return [];
  const isLocal = annotation.startsWith(localhost);
  if (profile.type !== (isLocal ? "Localhost" : typesOfProfiles[annotation]))
    return [forbiddenValue(`${path}.type`, `${kind} type in annotation and field must match`)];
  if (!isLocal || profile.localhostProfile === annotation.slice(localhost.length)) return [];
  return [forbiddenValue(`${path}.localhostProfile`, `${kind} profile in annotation and field must match`)];
}

function isInt32(text: string): boolean {
  return /^(?:0|-?[1-9]\d*)$/.test(text) && Math.abs(Number(text)) < 2 ** 31;
}
