import type { Affinity, LabelSelector, PodAffinity, PodAffinityTerm } from "../../api/index.ts";
import { dnsLabelProblem, labelKeyProblem } from "../../selectors/label-syntax.ts";
import { checkForm, type FieldError, forbiddenValue, invalidValue, requiredValue } from "../field-error.ts";
import { validateLabelSelector } from "../label-selector.ts";
import { validateNodeSelector, validateNodeSelectorTerm } from "./node-selector.ts";

const required = "requiredDuringSchedulingIgnoredDuringExecution";
const preferred = "preferredDuringSchedulingIgnoredDuringExecution";

/** Checks where a pod wants to be, by nodes and by other pods. */
export function validateAffinity(affinity: Affinity | undefined, path: string): FieldError[] {
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity ?? {};
  const nodes = nodeAffinity?.[required];
  return [
    ...(nodes === undefined ? [] : validateNodeSelector(nodes, `${path}.nodeAffinity.${required}`)),
    ...(nodeAffinity?.[preferred] ?? []).flatMap(({ weight, preference = {} }, index) => {
      const at = `${path}.nodeAffinity.${preferred}[${index}]`;
      return [...validateWeight(weight, at), ...validateNodeSelectorTerm(preference, `${at}.preference`)];
    }),
    ...validatePodAffinity(podAffinity, `${path}.podAffinity`),
    ...validatePodAffinity(podAntiAffinity, `${path}.podAntiAffinity`),
  ];
}

function validateWeight(weight: number, path: string): FieldError[] {
  return weight > 0 && weight <= 100 ? [] : [invalidValue(`${path}.weight`, weight ?? 0, "must be in the range 1-100")];
}

function validatePodAffinity(affinity: PodAffinity | undefined, path: string): FieldError[] {
  return [
    ...(affinity?.[required] ?? []).flatMap((term, index) => validateTerm(term, `${path}.${required}[${index}]`)),
    ...(affinity?.[preferred] ?? []).flatMap(({ weight, podAffinityTerm = {} }, index) => {
      const at = `${path}.${preferred}[${index}]`;
      return [...validateWeight(weight, at), ...validateTerm(podAffinityTerm, `${at}.podAffinityTerm`)];
    }),
  ];
}

function validateTerm(term: Partial<PodAffinityTerm>, path: string): FieldError[] {
  const { labelSelector, namespaceSelector, namespaces = [], topologyKey = "" } = term;
  return [
    ...validateLabelSelector(labelSelector, `${path}.labelSelector`),
    ...validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`),
    ...namespaces.flatMap((name) => checkForm(`${path}.namespace`, name, dnsLabelProblem)),
    ...validateKeyLists(term, path),
    ...validateTopologyKey(topologyKey, `${path}.topologyKey`),
  ];
}

/** Checks the label of nodes that says which belong together. */
export function validateTopologyKey(key: string, path: string): FieldError[] {
  return [...(key ? [] : [requiredValue(path, "can not be empty")]), ...checkForm(path, key, labelKeyProblem)];
}

function validateKeyLists(
  { matchLabelKeys = [], mismatchLabelKeys = [], labelSelector }: Partial<PodAffinityTerm>,
  path: string,
): FieldError[] {
  const others = new Set(mismatchLabelKeys);
  return [
    ...validateLabelKeys(matchLabelKeys, labelSelector, `${path}.matchLabelKeys`),
    ...validateLabelKeys(mismatchLabelKeys, labelSelector, `${path}.mismatchLabelKeys`),
    ...matchLabelKeys.flatMap((key, index) =>
      others.has(key)
        ? [invalidValue(`${path}.matchLabelKeys[${index}]`, key, "exists in both matchLabelKeys and mismatchLabelKeys")]
        : [],
    ),
  ];
}

/** Checks labels whose values are those of the pod itself; they narrow a selector and need one. */
export function validateLabelKeys(
  keys: readonly string[],
  selector: LabelSelector | undefined,
  path: string,
): FieldError[] {
  if (keys.length === 0) return [];
  return [
    ...(selector === undefined ? [forbiddenValue(path, "must not be specified when labelSelector is not set")] : []),
    ...keys.flatMap((key, index) => checkForm(`${path}[${index}]`, key, labelKeyProblem)),
  ];
}
