import type { Job, JobSpec } from "@wherry/kubernetes";
import { humanDuration } from "../../tables/age.ts";
import { defineWorkload } from "../apps/workload-resource.ts";
import type { ResourceDefinition } from "../resource-definition.ts";
import { controllerUidLabel, validateJobSpec, validateJobUpdate } from "./job-validation.ts";

function setDefaults(spec: JobSpec, job: Job): void {
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= 6;
  spec.completionMode ||= "NonIndexed";
  spec.suspend ??= false;
  spec.podReplacementPolicy ||= spec.podFailurePolicy === undefined ? "TerminatingOrFailed" : "Failed";
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= "True";
  }
  const labels = spec.template?.metadata?.labels;
  if (job.metadata !== undefined && job.metadata.labels === undefined && labels !== undefined) {
    // The same ones: what the template gets with the selector, the job gets too.
    job.metadata.labels = labels;
  }
}

/** Gives the job a selector that only its own pods match, unless its author brings one. */
function generateSelector(spec: JobSpec, job: Job): void {
  if (spec.manualSelector === true || spec.template === undefined) return;
  const { name = "", uid = "" } = job.metadata ?? {};
  const labels: Record<string, string> = { ...spec.template.metadata?.labels };
  for (const key of ["job-name", "batch.kubernetes.io/job-name"]) labels[key] = name;
  for (const key of ["controller-uid", controllerUidLabel]) labels[key] = uid;
  const given = spec.template.metadata?.labels;
  if (job.metadata !== undefined && given !== undefined && job.metadata.labels === given) {
    job.metadata.labels = { ...labels };
  }
  spec.template.metadata = { ...spec.template.metadata, labels };
  spec.selector = {
    ...spec.selector,
    matchLabels: { ...spec.selector?.matchLabels, [controllerUidLabel]: uid },
  };
}

/** The state of a job in one word, as `kubectl get jobs` shows it. */
function statusText({ metadata, status = {} }: Job): string {
  const has = (type: string) =>
    status.conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;
  if (has("Complete")) return "Complete";
  if (has("Failed")) return "Failed";
  if (metadata?.deletionTimestamp !== undefined) return "Terminating";
  for (const type of ["Suspended", "FailureTarget", "SuccessCriteriaMet"]) if (has(type)) return type;
  return "Running";
}

function completionsText({ spec, status = {} }: Job): string {
  const succeeded = status.succeeded ?? 0;
  if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec?.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationText({ status = {} }: Job, nowMs: number): string {
  if (status.startTime === undefined) return "";
  const failedAt = status.conditions?.find(({ type }) => type === "Failed")?.lastTransitionTime;
  const end = status.completionTime ?? failedAt;
  return humanDuration((end === undefined ? nowMs : Date.parse(end)) - Date.parse(status.startTime));
}

export const jobs: ResourceDefinition = defineWorkload<Job>({
  group: "batch",
  kind: "Job",
  setDefaults,
  initialStatus: () => ({}),
  prepareForCreate: generateSelector,
  validate: validateJobSpec,
  validateUpdate: validateJobUpdate,
  selectableFields: ({ status }) => ({ "status.successful": String(status?.succeeded ?? 0) }),
  columns: [
    { name: "Status", description: "State of the job.", cell: statusText },
    { name: "Completions", description: "Pods that have succeeded, of those wanted.", cell: completionsText },
    { name: "Duration", description: "How long the job has run.", cell: durationText },
  ],
});
