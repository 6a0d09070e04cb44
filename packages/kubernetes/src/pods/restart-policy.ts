import type { Container, ContainerRestartRule, PodSpec } from "../api/index.ts";

type Restartable = Pick<Container, "restartPolicy" | "restartPolicyRules">;

/**
 * Whether a container that ended with `exitCode` is to be started again: its rules first, then its own policy, then the pod's
 * (KEP-5307, `ContainerRestartRules`).
 *
 * For an init container the pod's `Always` means "until it succeeds".
 */
export function shouldRestartAfterExit(
  spec: Pick<PodSpec, "restartPolicy">,
  container: Restartable,
  kind: "init" | "app",
  exitCode: number,
): boolean {
  if (container.restartPolicy !== undefined) {
    if (container.restartPolicyRules?.some((rule) => matchesRule(rule, exitCode))) return true;
    return restartsByPolicy(container.restartPolicy, exitCode);
  }
  if (kind === "init" && exitCode === 0) return false;
  return restartsByPolicy(spec.restartPolicy ?? "Always", exitCode);
}

/** Whether an exit of some container may restart all of the pod: a rule of an init or app container has `RestartAllContainers` (KEP-5532). */
export function mayRestartAll({ initContainers = [], containers }: PodSpec): boolean {
  return [...initContainers, ...containers].some(({ restartPolicyRules = [] }) =>
    restartPolicyRules.some(({ action }) => action === "RestartAllContainers"),
  );
}

/**
 * Whether a status may say of a container that ended with `exitCode` that it runs or waits again: where its policy or the pod's has it
 * started again, and in a pod that may restart all of its containers. Of init containers an API server knows no other rule, although
 * they run again in a new sandbox; it refuses a status that says more.
 */
export function mayTakeBackExit(spec: PodSpec, container: Restartable, exitCode: number): boolean {
  return mayRestartAll(spec) || shouldRestartAfterExit(spec, container, "app", exitCode);
}

/** Whether the first rule of the container that matches this exit asks to restart all containers of the pod. */
export function shouldRestartAllAfterExit(container: Restartable, exitCode: number): boolean {
  const rule = container.restartPolicyRules?.find((candidate) => matchesExitCode(candidate, exitCode));
  return rule?.action === "RestartAllContainers";
}

function restartsByPolicy(policy: string, exitCode: number): boolean {
  return policy === "Always" || (policy === "OnFailure" && exitCode !== 0);
}

function matchesRule(rule: ContainerRestartRule, exitCode: number): boolean {
  return rule.action === "Restart" && matchesExitCode(rule, exitCode);
}

function matchesExitCode(rule: ContainerRestartRule, exitCode: number): boolean {
  const { operator, values = [] } = rule.exitCodes ?? { operator: "" };
  if (operator === "In") return values.includes(exitCode);
  return operator === "NotIn" && !values.includes(exitCode);
}
