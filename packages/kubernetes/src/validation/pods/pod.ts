import type { Pod, PodSpec } from "../../api/index.ts";
import { type FieldError, forbiddenValue, invalidValue, requiredValue } from "../field-error.ts";
import { validatePodAnnotations, validateProfileAnnotations } from "./annotations.ts";
import { validateImages } from "./containers.ts";
import { validatePodSpec } from "./pod-spec.ts";

/** Checks all of a pod but what holds for the metadata of all objects, be it new or changed. Its types are right and its defaults are set. */
export function validatePod({ metadata, spec = { containers: [] } }: Pod): FieldError[] {
  return [
    ...validatePodAnnotations(metadata?.annotations, spec, "metadata.annotations"),
    ...validateFinalizers(metadata?.finalizers ?? []),
    ...validatePodSpec(spec, "spec", metadata),
    ...validateVolumesOfPod(spec),
    ...validateImages(spec),
  ];
}

/** Checks what holds for a pod when it is made, beside `validatePod`: what is added to it later, and what goes away. */
export function validatePodCreate({ metadata, spec = { containers: [] } }: Pod): FieldError[] {
  const errors = validateProfileAnnotations(metadata?.annotations, spec, "spec");
  if ((spec.ephemeralContainers ?? []).length > 0)
    errors.push(forbiddenValue("spec.ephemeralContainers", "cannot be set on create"));
  if ((spec.schedulingGates ?? []).length > 0 && spec.nodeName)
    errors.push(forbiddenValue("spec.nodeName", "cannot be set until all schedulingGates have been cleared"));
  return errors;
}

const standardFinalizers: readonly string[] = ["kubernetes", "foregroundDeletion", "orphan"];

/** Who holds a pod back says whose it is. */
function validateFinalizers(finalizers: readonly string[]): FieldError[] {
  return finalizers.flatMap((name, index) =>
    name.includes("/") || standardFinalizers.includes(name)
      ? []
      : [
          invalidValue(
            `metadata.finalizers[${index}]`,
            name,
            "name is neither a standard finalizer name nor is it fully qualified",
          ),
        ],
  );
}

/** What templates may leave open: the image of a volume, and the service account of a token, which admission sets. */
function validateVolumesOfPod({ serviceAccountName, volumes = [] }: PodSpec): FieldError[] {
  return volumes.flatMap(({ projected, image }, index) => {
    const at = `spec.volumes[${index}]`;
    const errors: FieldError[] = [];
    if (image !== undefined && !image.reference) errors.push(requiredValue(`${at}.image.reference`));
    projected?.sources?.forEach(({ serviceAccountToken }, position) => {
      if (serviceAccountToken === undefined || serviceAccountName) return;
      const path = `${at}.projected.sources[${position}].serviceAccountToken`;
      errors.push(forbiddenValue(path, "must not be specified when serviceAccountName is not set"));
    });
    return errors;
  });
}
