import type { Affinity, LabelSelector, PodAffinity, PodAffinityTerm } from "../../api/index.ts";
import { dnsLabelProblem, labelKeyProblems } from "../../selectors/label-syntax.ts";
import { checkForm, type FieldError, forbiddenValue, invalidValue, requiredValue } from "../field-error.ts";
import { validateLabelSelector } from "../label-selector.ts";
import { validateNodeSelector, validateNodeSelectorTerm } from "./node-selector.ts";

type Labels = Readonly<Record<string, string>> | undefined;

const required = "requiredDuringSchedulingIgnoredDuringExecution";
const preferred = "preferredDuringSchedulingIgnoredDuringExecution";

/** Checks where a pod wants to be, by nodes and by other pods. */
export function validateAffinity(affinity: Affinity | undefined, path: string, podLabels: Labels): FieldError[] {
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity ?? {};
  const nodes = nodeAffinity?.[required];
  return [
    ...(nodes === undefined ? [] : validateNodeSelector(nodes, `${path}.nodeAffinity.${required}`)),
    ...(nodeAffinity?.[preferred] ?? []).flatMap(({ weight, preference = {} }, index) => {
      const at = `${path}.nodeAffinity.${preferred}[${index}]`;
      return [...validateWeight(weight, at), ...validateNodeSelectorTerm(preference, `${at}.preference`)];
    }),
    ...validatePodAffinity(podAffinity, `${path}.podAffinity`, podLabels),
    ...validatePodAffinity(podAntiAffinity, `${path}.podAntiAffinity`, podLabels),
  ];
}

function validateWeight(weight: number, path: string): FieldError[] {
  return weight > 0 && weight <= 100 ? [] : [invalidValue(`${path}.weight`, weight ?? 0, "must be in the range 1-100")];
}

function validatePodAffinity(affinity: PodAffinity | undefined, path: string, podLabels: Labels): FieldError[] {
  return [
    ...(affinity?.[required] ?? []).flatMap((term, index) =>
      validateTerm(term, `${path}.${required}[${index}]`, podLabels),
    ),
    ...(affinity?.[preferred] ?? []).flatMap(({ weight, podAffinityTerm = {} }, index) => {
      const at = `${path}.${preferred}[${index}]`;
      return [...validateWeight(weight, at), ...validateTerm(podAffinityTerm, `${at}.podAffinityTerm`, podLabels)];
    }),
  ];
}

function validateTerm(term: Partial<PodAffinityTerm>, path: string, podLabels: Labels): FieldError[] {
  const { labelSelector, namespaceSelector, namespaces = [], topologyKey = "" } = term;
  return [
    ...validateLabelSelector(labelSelector, `${path}.labelSelector`),
    ...validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`),
    ...namespaces.flatMap((name) => checkForm(`${path}.namespace`, name, dnsLabelProblem)),
    ...validateKeyLists(term, path, podLabels),
    ...(topologyKey ? [] : [requiredValue(`${path}.topologyKey`, "can not be empty")]),
    ...checkForm(`${path}.topologyKey`, topologyKey, labelKeyProblems),
  ];
}

function validateKeyLists(
  { matchLabelKeys = [], mismatchLabelKeys = [], labelSelector }: Partial<PodAffinityTerm>,
  path: string,
  podLabels: Labels,
): FieldError[] {
  const others = new Set(mismatchLabelKeys);
  return [
    ...validateLabelKeys("matchLabelKeys", matchLabelKeys, labelSelector, path, podLabels),
    ...validateLabelKeys("mismatchLabelKeys", mismatchLabelKeys, labelSelector, path, podLabels),
    ...matchLabelKeys.flatMap((key, index) =>
      others.has(key)
        ? [invalidValue(`${path}.matchLabelKeys[${index}]`, key, "exists in both matchLabelKeys and mismatchLabelKeys")]
        : [],
    ),
  ];
}

/** Checks labels whose values are those of the pod itself; they narrow a selector, which must be there and not name them too. */
export function validateLabelKeys(
  field: "matchLabelKeys" | "mismatchLabelKeys",
  keys: readonly string[],
  selector: LabelSelector | undefined,
  path: string,
  podLabels: Labels,
): FieldError[] {
  if (keys.length === 0) return [];
  const at = `${path}.${field}`;
  const selected = new Set([
    ...Object.keys(selector?.matchLabels ?? {}),
    ...(selector?.matchExpressions ?? []).map(({ key }) => key),
  ]);
  const isTaken = (key: string) => selected.has(key) && podLabels !== undefined && Object.hasOwn(podLabels, key);
  return [
    ...(selector === undefined ? [forbiddenValue(at, "must not be specified when labelSelector is not set")] : []),
    ...keys.flatMap((key, index) => [
      ...checkForm(`${at}[${index}]`, key, labelKeyProblems),
      ...(isTaken(key) ? [invalidValue(`${path}[${index}]`, key, `exists in both ${field} and labelSelector`)] : []),
    ]),
  ];
}
