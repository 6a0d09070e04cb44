import type { LabelSelector } from "../api/index.ts";
import { labelSelectorOf, matchesLabels } from "../selectors/label-selector.ts";
import { labelKeyProblems, labelValueProblem } from "../selectors/label-syntax.ts";
import { checkForm, type FieldError, forbiddenValue, invalidValue, requiredValue } from "./field-error.ts";
import { validateLabels } from "./metadata.ts";

/** Checks a label selector as upstream's ValidateLabelSelector does. */
export function validateLabelSelector(selector: LabelSelector | undefined, path: string): FieldError[] {
  const errors = validateLabels(selector?.matchLabels, `${path}.matchLabels`);
  selector?.matchExpressions?.forEach(({ key, operator, values = [] }, index) => {
    const at = `${path}.matchExpressions[${index}]`;
    if (operator === "In" || operator === "NotIn") {
      if (values.length === 0) {
        errors.push(requiredValue(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
      }
    } else if (operator === "Exists" || operator === "DoesNotExist") {
      if (values.length > 0) {
        errors.push(
          forbiddenValue(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
        );
      }
    } else errors.push(invalidValue(`${at}.operator`, operator, "not a valid selector operator"));
    errors.push(...checkForm(`${at}.key`, key, labelKeyProblems));
    values.forEach((value, position) => {
      errors.push(...checkForm(`${at}.values[${position}]`, value, labelValueProblem));
    });
  });
  return errors;
}

/** Whether a selector names no requirement, with which it would select everything. */
export function isEmptySelector(selector: LabelSelector | undefined): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;
}

/** Whether a valid selector selects `labels`; one that cannot be understood selects nothing. */
export function matchesLabelSelector(
  selector: LabelSelector | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  try {
    const parsed = labelSelectorOf(selector);
    return parsed !== undefined && matchesLabels(parsed, labels);
  } catch {
    return false;
  }
}
