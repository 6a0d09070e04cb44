import {
  configMirrorAnnotation,
  dnsSubdomainProblem,
  type FieldError,
  forbiddenValue,
  invalidValue,
  type Pod,
  requiredValue,
  validateMetadata,
  validatePod,
  validatePodCreate,
} from "@wherry/kubernetes";
import { apiReferences } from "./api-references.ts";
import { placedPod } from "./static-pod.ts";

/** Directories are named by it, so it must be one path segment. */
const uidPattern = /^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/;

/**
 * What keeps a well-typed pod from running as a static one: all that the API server's validation refuses in the pod as it is on
 * its node, and what static pods alone must do without. What admission refuses shows when the mirror pod is made.
 */
export function checkStaticPod(manifest: Pod, nodeName: string): FieldError[] {
  const pod = placedPod(manifest, nodeName);
  if (manifest.spec === undefined) return [...checkMetadata(manifest, pod), requiredValue("spec")];
  return [...checkMetadata(manifest, pod), ...validatePod(pod), ...validatePodCreate(pod), ...apiReferences(manifest)];
}

function checkMetadata(manifest: Pod, { metadata = {} }: Pod): FieldError[] {
  const { name, uid, annotations } = manifest.metadata ?? {};
  const errors = name
    ? validateMetadata(metadata, true, dnsSubdomainProblem)
    : [requiredValue("metadata.name", "a static pod needs a name")];
  if (uid && !uidPattern.test(uid))
    errors.push(invalidValue("metadata.uid", uid, 'must be at most 63 letters, digits and "-"'));
  if (annotations?.[configMirrorAnnotation] !== undefined)
    errors.push(
      forbiddenValue(`metadata.annotations[${configMirrorAnnotation}]`, "only mirror pods in the API have it"),
    );
  return errors;
}
