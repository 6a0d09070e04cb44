import type { Job, Pod, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyRule } from "@wherry/kubernetes";

/** What a job's pod failure policy makes of a failed pod. */
export interface FailureVerdict {
  readonly action: "Count" | "FailJob" | "Ignore";
  /** Why the job fails. */
  readonly message?: string;
}

const count: FailureVerdict = { action: "Count" };

/** The action of the first rule that matches a failed pod; one without a match counts. */
export function judgeFailure({ spec }: Job, pod: Pod): FailureVerdict {
  if (pod.status?.phase !== "Failed") return count;
  for (const [index, rule] of (spec?.podFailurePolicy?.rules ?? []).entries()) {
    const match = matchExitCodes(rule, pod) ?? matchConditions(rule, pod);
    if (match === undefined) continue;
    if (rule.action === "Ignore") return { action: "Ignore" };
    if (rule.action === "FailJob") {
      return { action: "FailJob", message: `${match} matching FailJob rule at index ${index}` };
    }
    return count;
  }
  return count;
}

function podName({ metadata }: Pod): string {
  return `${metadata?.namespace}/${metadata?.name}`;
}

function matchExitCodes({ onExitCodes }: PodFailurePolicyRule, pod: Pod): string | undefined {
  if (onExitCodes === undefined) return undefined;
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  for (const { name, state } of statuses) {
    const exitCode = state?.terminated?.exitCode;
    if (exitCode === undefined || exitCode === 0) continue;
    if (onExitCodes.containerName !== undefined && onExitCodes.containerName !== name) continue;
    if (isExitCodeMeant(onExitCodes, exitCode)) {
      return `Container ${name} for pod ${podName(pod)} failed with exit code ${exitCode}`;
    }
  }
  return undefined;
}

function isExitCodeMeant({ operator, values }: PodFailurePolicyOnExitCodesRequirement, exitCode: number): boolean {
  return operator === "In" ? values.includes(exitCode) : operator === "NotIn" && !values.includes(exitCode);
}

function matchConditions({ onPodConditions = [] }: PodFailurePolicyRule, pod: Pod): string | undefined {
  for (const { type, status = "True" } of onPodConditions) {
    const isMet = pod.status?.conditions?.some((condition) => condition.type === type && condition.status === status);
    if (isMet) return `Pod ${podName(pod)} has condition ${type}`;
  }
  return undefined;
}
