import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from "../../api/index.ts";
import { dnsSubdomainProblem, labelKeyProblems, labelValueProblem } from "../../selectors/label-syntax.ts";
import { checkForm, type FieldError, forbiddenValue, invalidValue, requiredValue } from "../field-error.ts";

/** Checks a choice of nodes, which must have a term. */
export function validateNodeSelector({ nodeSelectorTerms = [] }: Partial<NodeSelector>, path: string): FieldError[] {
  const at = `${path}.nodeSelectorTerms`;
  if (nodeSelectorTerms.length === 0) return [requiredValue(at, "must have at least one node selector term")];
  return nodeSelectorTerms.flatMap((term, index) => validateNodeSelectorTerm(term, `${at}[${index}]`));
}

/** Checks one term of a choice of nodes, which may be empty. */
export function validateNodeSelectorTerm(
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
  path: string,
): FieldError[] {
  return [
    ...matchExpressions.flatMap((item, index) => validateLabel(item, `${path}.matchExpressions[${index}]`)),
    ...matchFields.flatMap((item, index) => validateField(item, `${path}.matchFields[${index}]`)),
  ];
}

function validateLabel({ key, operator, values = [] }: NodeSelectorRequirement, path: string): FieldError[] {
  return [
    ...validateOperator(operator, values, path),
    ...checkForm(`${path}.key`, key ?? "", labelKeyProblems),
    ...values.flatMap((value, index) => checkForm(`${path}.values[${index}]`, value, labelValueProblem)),
  ];
}

function validateOperator(operator: string, values: readonly string[], path: string): FieldError[] {
  const at = `${path}.values`;
  switch (operator) {
    case "In":
    case "NotIn":
      return values.length === 0 ? [requiredValue(at, "must be specified when `operator` is 'In' or 'NotIn'")] : [];
    case "Exists":
    case "DoesNotExist":
      return values.length > 0
        ? [forbiddenValue(at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")]
        : [];
    case "Gt":
    case "Lt":
      return values.length === 1
        ? []
        : [requiredValue(at, "must be specified single value when `operator` is 'Lt' or 'Gt'")];
    default:
      return [invalidValue(`${path}.operator`, operator ?? "", "not a valid selector operator")];
  }
}

/** Of the fields of a node only its name may be asked for. */
function validateField({ key, operator, values = [] }: NodeSelectorRequirement, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (operator !== "In" && operator !== "NotIn")
    errors.push(invalidValue(`${path}.operator`, operator ?? "", "not a valid selector operator"));
  else if (values.length !== 1)
    errors.push(
      requiredValue(
        `${path}.values`,
        "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
      ),
    );
  if (key !== "metadata.name")
    return [...errors, invalidValue(`${path}.key`, key ?? "", "not a valid field selector key")];
  return [
    ...errors,
    ...values.flatMap((value, index) => checkForm(`${path}.values[${index}]`, value, dnsSubdomainProblem)),
  ];
}
