import type { Container, ContainerRestartRule } from "../../api/index.ts";
import { checkSupported, type FieldError, requiredValue, tooManyItems } from "../field-error.ts";

const policies = ["Always", "Never", "OnFailure"];
const actions = ["Restart", "RestartAllContainers"];
const operators = ["In", "NotIn"];
const maxRules = 20;
const maxExitCodes = 255;

/** Checks a container's own restart policy and its rules (KEP-5307, KEP-5532). */
export function validateRestarts(container: Container, path: string): FieldError[] {
  const { restartPolicy, restartPolicyRules = [] } = container;
  const errors = checkSupported(`${path}.restartPolicy`, restartPolicy, policies);
  if (restartPolicyRules.length === 0) return errors;
  if (restartPolicy === undefined)
    errors.push(requiredValue(`${path}.restartPolicy`, "must specify restartPolicy when restart rules are used"));
  const at = `${path}.restartPolicyRules`;
  if (restartPolicyRules.length > maxRules) errors.push(tooManyItems(at, restartPolicyRules.length, maxRules));
  return [...errors, ...restartPolicyRules.flatMap((rule, index) => validateRule(rule, `${at}[${index}]`))];
}

function validateRule({ action = "", exitCodes }: Partial<ContainerRestartRule>, path: string): FieldError[] {
  const errors = checkSupported(`${path}.action`, action, actions);
  if (exitCodes === undefined) return [...errors, requiredValue(`${path}.exitCodes`, "must be specified")];
  const { operator = "", values = [] }: Partial<typeof exitCodes> = exitCodes;
  errors.push(...checkSupported(`${path}.exitCodes.operator`, operator, operators));
  if (values.length > maxExitCodes) errors.push(tooManyItems(`${path}.exitCodes.values`, values.length, maxExitCodes));
  return errors;
}
