import {
  checkNonNegative,
  checkSupported,
  type FieldError,
  forbiddenValue,
  invalidValue,
  type Job,
  type JobSpec,
  jsonEquals,
  matchesLabelSelector,
  type PodFailurePolicyRule,
  type PodTemplateSpec,
  requiredValue,
  tooManyItems,
  validateLabelSelector,
  validatePodTemplate,
} from "@wherry/kubernetes";
import { validateImmutable } from "../apps/pod-template.ts";

const maxIndexedParallelism = 100_000;
const maxPolicyRules = 20;
const maxExitCodes = 255;

/** What upstream's job controller can do and this one can't, with what to do instead. */
const unsupported: Readonly<Partial<Record<keyof JobSpec, string>>> = {
  backoffLimitPerIndex: "this control plane counts failures of the whole job only; use backoffLimit",
  maxFailedIndexes: "this control plane counts failures of the whole job only; use backoffLimit",
  successPolicy: "this control plane ends a job when all completions are reached",
  managedBy: "this control plane manages all jobs itself",
};

/** Checks a job as upstream's ValidateJobSpec does. */
export function validateJobSpec(spec: JobSpec, { metadata }: Job): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of [
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
  ] as const) {
    errors.push(...checkNonNegative(`spec.${field}`, spec[field]));
  }
  for (const [field, problem] of Object.entries(unsupported)) {
    if (spec[field as keyof JobSpec] !== undefined) errors.push(forbiddenValue(`spec.${field}`, problem));
  }
  errors.push(
    ...validateCompletionMode(spec),
    ...validateSelector(spec, metadata?.uid ?? ""),
    ...validatePodTemplate(spec.template, "spec.template"),
    ...checkSupported("spec.podReplacementPolicy", spec.podReplacementPolicy, ["Failed", "TerminatingOrFailed"]),
    ...validateFailurePolicy(spec),
  );
  if (spec.template?.spec?.restartPolicy === "Always") {
    errors.push(requiredValue("spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"'));
  }
  return errors;
}

function validateCompletionMode(spec: JobSpec): FieldError[] {
  const errors = checkSupported("spec.completionMode", spec.completionMode, ["Indexed", "NonIndexed"]);
  if (spec.completionMode !== "Indexed") return errors;
  if (spec.completions === undefined) {
    errors.push(requiredValue("spec.completions", "when completion mode is Indexed"));
  }
  if ((spec.parallelism ?? 0) > maxIndexedParallelism) {
    const problem = `must be less than or equal to ${maxIndexedParallelism} when completion mode is Indexed`;
    errors.push(invalidValue("spec.parallelism", spec.parallelism, problem));
  }
  return errors;
}

function validateSelector({ selector, manualSelector, template }: JobSpec, uid: string): FieldError[] {
  const errors =
    selector === undefined ? [requiredValue("spec.selector")] : validateLabelSelector(selector, "spec.selector");
  if (manualSelector !== true && selector !== undefined && selector.matchLabels?.[controllerUidLabel] !== uid) {
    errors.push(invalidValue("spec.selector", selector, "`selector` not auto-generated"));
  }
  const labels = template?.metadata?.labels;
  if (selector !== undefined && !matchesLabelSelector(selector, labels)) {
    errors.push(
      invalidValue("spec.template.metadata.labels", labels ?? null, "`selector` does not match template `labels`"),
    );
  }
  return errors;
}

export const controllerUidLabel = "batch.kubernetes.io/controller-uid";

function validateFailurePolicy({ podFailurePolicy, template, podReplacementPolicy }: JobSpec): FieldError[] {
  if (podFailurePolicy === undefined) return [];
  const path = "spec.podFailurePolicy.rules";
  const rules = podFailurePolicy.rules ?? [];
  const errors: FieldError[] = [];
  if (template?.spec?.restartPolicy !== "Never") {
    const value = template?.spec?.restartPolicy ?? "";
    const problem = "only Never is supported when podFailurePolicy is specified";
    errors.push(invalidValue("spec.template.spec.restartPolicy", value, problem));
  }
  if (podReplacementPolicy !== undefined && podReplacementPolicy !== "Failed") {
    errors.push(...checkSupported("spec.podReplacementPolicy", podReplacementPolicy, ["Failed"]));
  }
  if (rules.length > maxPolicyRules) {
    errors.push(tooManyItems(path, rules.length, maxPolicyRules));
  }
  const names = new Set(
    [...(template?.spec?.containers ?? []), ...(template?.spec?.initContainers ?? [])].map(({ name }) => name),
  );
  errors.push(...rules.flatMap((rule, index) => validateRule(rule, `${path}[${index}]`, names)));
  return errors;
}

function validateRule(rule: PodFailurePolicyRule, path: string, names: ReadonlySet<string>): FieldError[] {
  const { action, onExitCodes, onPodConditions = [] } = rule;
  const errors = action
    ? checkSupported(`${path}.action`, action, ["Count", "FailJob", "Ignore"])
    : [requiredValue(`${path}.action`, 'valid values: ["Count" "FailJob" "Ignore"]')];
  if ((onExitCodes === undefined) === (onPodConditions.length === 0)) {
    const problem =
      onExitCodes === undefined
        ? "specifying one of OnExitCodes and OnPodConditions is required"
        : "specifying both OnExitCodes and OnPodConditions is not supported";
    errors.push(invalidValue(path, rule, problem));
  }
  if (onExitCodes !== undefined) {
    const at = `${path}.onExitCodes`;
    const { operator, values = [], containerName } = onExitCodes;
    errors.push(...checkSupported(`${at}.operator`, operator, ["In", "NotIn"]));
    if (containerName !== undefined && !names.has(containerName)) {
      errors.push(
        invalidValue(
          `${at}.containerName`,
          containerName,
          "must be one of the container or initContainer names in the pod template",
        ),
      );
    }
    if (values.length === 0) errors.push(invalidValue(`${at}.values`, values, "at least one value is required"));
    if (values.length > maxExitCodes) {
      errors.push(tooManyItems(`${at}.values`, values.length, maxExitCodes));
    }
    values.forEach((value, index) => {
      if (operator === "In" && value === 0) {
        errors.push(invalidValue(`${at}.values[${index}]`, value, "must not be 0 for the In operator"));
      }
    });
  }
  onPodConditions.forEach(({ type, status }, index) => {
    if (!type) errors.push(requiredValue(`${path}.onPodConditions[${index}].type`));
    errors.push(...checkSupported(`${path}.onPodConditions[${index}].status`, status, ["False", "True", "Unknown"]));
  });
  return errors;
}

/** Checks that an update leaves alone what is immutable in a job. */
export function validateJobUpdate({ spec }: Job, old: Job): FieldError[] {
  const before = old.spec;
  if (spec === undefined || before === undefined) return [];
  return [
    ...(isElasticChange(spec, before)
      ? []
      : validateImmutable(spec.completions, before.completions, "spec.completions")),
    ...validateImmutable(spec.selector, before.selector, "spec.selector"),
    ...validateTemplateUpdate(spec, old),
    ...validateImmutable(spec.completionMode, before.completionMode, "spec.completionMode"),
    ...validateImmutable(spec.podFailurePolicy, before.podFailurePolicy, "spec.podFailurePolicy"),
  ];
}

/** Indexed jobs may grow and shrink with completions and parallelism in step. */
function isElasticChange(spec: JobSpec, before: JobSpec): boolean {
  return (
    spec.completionMode === "Indexed" &&
    spec.completions !== undefined &&
    spec.completions === spec.parallelism &&
    before.completions !== undefined
  );
}

/** A job that has not started may still change where its pods run. */
function validateTemplateUpdate(spec: JobSpec, { spec: before, status }: Job): FieldError[] {
  const isStarted = status?.startTime !== undefined || before?.suspend !== true;
  const fixed = (template: PodTemplateSpec | undefined): unknown => {
    if (isStarted || template === undefined) return template;
    const { nodeSelector: _n, tolerations: _t, affinity: _a, schedulingGates: _g, ...rest } = template.spec ?? {};
    return rest;
  };
  return jsonEquals(fixed(spec.template), fixed(before?.template))
    ? []
    : [invalidValue("spec.template", spec.template, "field is immutable")];
}
