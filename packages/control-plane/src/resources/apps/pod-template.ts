import {
  type FieldError,
  forbiddenValue,
  invalidValue,
  isEmptySelector,
  jsonEquals,
  type LabelSelector,
  type PodTemplateSpec,
  requiredValue,
  selects,
  setPodSpecDefaults,
  unsupportedValue,
  validateAnnotations,
  validateLabelSelector,
  validateLabels,
  validatePodSpec,
} from "@wherry/kubernetes";

/** Sets the defaults of a workload's pod template. */
export function setTemplateDefaults(template: PodTemplateSpec | undefined): void {
  if (template === undefined) return;
  template.spec ??= { containers: [] };
  setPodSpecDefaults(template.spec);
}

/** Checks a pod template by itself. */
export function validateTemplate(template: PodTemplateSpec | undefined, path: string): FieldError[] {
  if (template === undefined) return [requiredValue(path)];
  return [
    ...validateLabels(template.metadata?.labels, `${path}.labels`),
    ...validateAnnotations(template.metadata?.annotations, `${path}.annotations`),
    ...(template.spec?.ephemeralContainers === undefined
      ? []
      : [forbiddenValue(`${path}.spec.ephemeralContainers`, "ephemeral containers not allowed in pod template")]),
    ...validatePodSpec(template.spec ?? { containers: [] }, `${path}.spec`),
  ];
}

/** Checks the template and selector of a workload whose pods are to run for ever, named `kind` in messages. */
export function validateSelectorAndTemplate(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec | undefined,
  kind: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (selector === undefined) errors.push(requiredValue("spec.selector"));
  else {
    errors.push(...validateLabelSelector(selector, "spec.selector"));
    if (isEmptySelector(selector)) {
      errors.push(invalidValue("spec.selector", selector, `empty selector is invalid for ${kind}`));
    }
  }
  const labels = template?.metadata?.labels;
  if (template !== undefined && selector !== undefined && !isEmptySelector(selector) && !selects(selector, labels)) {
    errors.push(
      invalidValue("spec.template.metadata.labels", labels ?? null, "`selector` does not match template `labels`"),
    );
  }
  errors.push(...validateTemplate(template, "spec.template"));
  const { restartPolicy, activeDeadlineSeconds } = template?.spec ?? {};
  if (restartPolicy !== undefined && restartPolicy !== "Always") {
    errors.push(unsupportedValue("spec.template.spec.restartPolicy", restartPolicy, ["Always"]));
  }
  if (activeDeadlineSeconds !== undefined) {
    errors.push(
      forbiddenValue(
        "spec.template.spec.activeDeadlineSeconds",
        `activeDeadlineSeconds in ${kind[0]?.toUpperCase()}${kind.slice(1)} is not Supported`,
      ),
    );
  }
  return errors;
}

/** A field that must stay as it is. */
export function validateImmutable(value: unknown, old: unknown, path: string): FieldError[] {
  return jsonEquals(value, old) ? [] : [invalidValue(path, value ?? null, "field is immutable")];
}
