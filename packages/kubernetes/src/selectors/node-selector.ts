import type { Node, NodeSelector, NodeSelectorTerm, Pod } from "../api/index.ts";
import { type LabelOperator, type LabelRequirement, matchesLabels } from "./label-selector.ts";

/** Whether `node` satisfies a node selector: one of its terms must match, and a term without requirements never does. */
export function matchesNodeSelector(selector: NodeSelector, node: Node): boolean {
  return selector.nodeSelectorTerms.some((term) => matchesNodeSelectorTerm(term, node));
}

/** Whether `node` satisfies all expressions and field requirements of `term`. */
export function matchesNodeSelectorTerm(term: NodeSelectorTerm, node: Node): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length === 0 && fields.length === 0) return false;
  const names = { "metadata.name": node.metadata?.name ?? "" };
  return (
    matchesLabels(expressions.map(requirementOf), node.metadata?.labels) &&
    matchesLabels(fields.map(requirementOf), names)
  );
}

/** Whether `node` has the labels of `spec.nodeSelector` and satisfies the required node affinity of `pod`. */
export function matchesPodNodeSelection(pod: Pod, node: Node): boolean {
  const labels = node.metadata?.labels ?? {};
  const wanted = Object.entries(pod.spec?.nodeSelector ?? {});
  if (wanted.some(([key, value]) => labels[key] !== value)) return false;
  const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined || matchesNodeSelector(required, node);
}

function requirementOf(expression: { key: string; operator: string; values?: string[] | undefined }): LabelRequirement {
  return { key: expression.key, operator: expression.operator as LabelOperator, values: expression.values ?? [] };
}
