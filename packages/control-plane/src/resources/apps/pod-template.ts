import {
  type FieldError,
  forbiddenValue,
  invalidValue,
  isEmptySelector,
  jsonEquals,
  type LabelSelector,
  matchesLabelSelector,
  type PodTemplateSpec,
  requiredValue,
  unsupportedValue,
  validateLabelSelector,
  validatePodTemplate,
} from "@wherry/kubernetes";

/** What makes the pods of a workload. */
const ownerOfPods = {
  daemonset: "DaemonSet",
  deployment: "ReplicaSet",
  replicaSet: "ReplicaSet",
  statefulset: "StatefulSet",
} as const;

/** Checks the template and selector of a workload whose pods are to run for ever, named `kind` in messages. */
export function validateSelectorAndTemplate(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec | undefined,
  kind: keyof typeof ownerOfPods,
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
  if (
    template !== undefined &&
    selector !== undefined &&
    !isEmptySelector(selector) &&
    !matchesLabelSelector(selector, labels)
  ) {
    errors.push(
      invalidValue("spec.template.metadata.labels", labels ?? null, "`selector` does not match template `labels`"),
    );
  }
  errors.push(...validatePodTemplate(template, "spec.template"));
  const { restartPolicy, activeDeadlineSeconds } = template?.spec ?? {};
  if (restartPolicy !== undefined && restartPolicy !== "Always") {
    errors.push(unsupportedValue("spec.template.spec.restartPolicy", restartPolicy, ["Always"]));
  }
  if (activeDeadlineSeconds !== undefined) {
    errors.push(
      forbiddenValue(
        "spec.template.spec.activeDeadlineSeconds",
        `activeDeadlineSeconds in ${ownerOfPods[kind]} is not Supported`,
      ),
    );
  }
  return errors;
}

/** A field that must stay as it is. */
export function validateImmutable(value: unknown, old: unknown, path: string): FieldError[] {
  return jsonEquals(value, old) ? [] : [invalidValue(path, value ?? null, "field is immutable")];
}
