import type { TopologySpreadConstraint } from "../../api/index.ts";
import { labelKeyProblems } from "../../selectors/label-syntax.ts";
import {
  checkForm,
  checkSupported,
  duplicateValue,
  type FieldError,
  invalidValue,
  requiredValue,
} from "../field-error.ts";
import { validateLabelSelector } from "../label-selector.ts";
import { validateLabelKeys } from "./affinity.ts";

const actions: readonly string[] = ["DoNotSchedule", "ScheduleAnyway"];
const policies: readonly string[] = ["Honor", "Ignore"];

/** Checks how evenly pods are to lie over the nodes. */
export function validateTopologySpread(
  constraints: readonly TopologySpreadConstraint[],
  path: string,
  podLabels: Readonly<Record<string, string>> | undefined,
): FieldError[] {
  const kindOf = (one: TopologySpreadConstraint) => `{${one.topologyKey}, ${one.whenUnsatisfiable}}`;
  const lastOf = new Map(constraints.map((one, index) => [kindOf(one), index]));
  return constraints.flatMap((constraint, index) => {
    const at = `${path}[${index}]`;
    const { maxSkew = 0, topologyKey = "", whenUnsatisfiable = "", labelSelector } = constraint;
    return [
      ...(maxSkew > 0 ? [] : [invalidValue(`${at}.maxSkew`, maxSkew, "must be greater than zero")]),
      ...(topologyKey
        ? checkForm(`${at}.topologyKey`, topologyKey, labelKeyProblems)
        : [requiredValue(`${at}.topologyKey`, "can not be empty")]),
      ...checkSupported(`${at}.whenUnsatisfiable`, whenUnsatisfiable, actions),
      ...(lastOf.get(kindOf(constraint)) === index
        ? []
        : [duplicateValue(`${at}.{topologyKey, whenUnsatisfiable}`, kindOf(constraint))]),
      ...validateMinDomains(constraint, `${at}.minDomains`),
      ...checkSupported(`${at}.nodeAffinityPolicy`, constraint.nodeAffinityPolicy, policies),
      ...checkSupported(`${at}.nodeTaintsPolicy`, constraint.nodeTaintsPolicy, policies),
      ...validateLabelKeys("matchLabelKeys", constraint.matchLabelKeys ?? [], labelSelector, at, podLabels),
      ...validateLabelSelector(labelSelector, `${at}.labelSelector`),
    ];
  });
}

function validateMinDomains({ minDomains, whenUnsatisfiable }: TopologySpreadConstraint, path: string): FieldError[] {
  if (minDomains === undefined) return [];
  const errors = minDomains > 0 ? [] : [invalidValue(path, minDomains, "must be greater than zero")];
  if (whenUnsatisfiable !== "DoNotSchedule")
    errors.push(
      invalidValue(
        path,
        minDomains,
        `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`,
      ),
    );
  return errors;
}
