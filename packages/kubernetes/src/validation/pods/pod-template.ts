import type { PodTemplateSpec } from "../../api/index.ts";
import { type FieldError, forbiddenValue, requiredValue } from "../field-error.ts";
import { validateAnnotations, validateLabels } from "../metadata.ts";
import { validatePodAnnotations, validateProfileAnnotations } from "./annotations.ts";
import { validatePodSpec } from "./pod-spec.ts";

/**
 * Checks what pods are made from, by itself. Its types are right and its defaults are set (`setPodTemplateDefaults`); a pod made
 * from it may still be refused, since some rules are those of pods alone.
 */
export function validatePodTemplate(template: PodTemplateSpec | undefined, path: string): FieldError[] {
  if (template === undefined) return [requiredValue(path)];
  const { metadata, spec = { containers: [] } } = template;
  return [
    ...validateLabels(metadata?.labels, `${path}.labels`),
    ...validateAnnotations(metadata?.annotations, `${path}.annotations`),
    ...validatePodAnnotations(metadata?.annotations, spec, `${path}.annotations`),
    ...validateProfileAnnotations(metadata?.annotations, spec, `${path}.spec`),
    ...(spec.ephemeralContainers === undefined
      ? []
      : [forbiddenValue(`${path}.spec.ephemeralContainers`, "ephemeral containers not allowed in pod template")]),
    ...validatePodSpec(spec, `${path}.spec`),
  ];
}
