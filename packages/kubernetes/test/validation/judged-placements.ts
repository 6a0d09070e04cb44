import type { PodSpec, TopologySpreadConstraint } from "@wherry/kubernetes";
import { inPod, type JudgedPod } from "./judged-pods.ts";

const required = "requiredDuringSchedulingIgnoredDuringExecution";
const preferred = "preferredDuringSchedulingIgnoredDuringExecution";
const onNodes = (...nodeSelectorTerms: object[]): object => ({ nodeAffinity: { [required]: { nodeSelectorTerms } } });
const byLabel = (expression: object): object => onNodes({ matchExpressions: [{ key: "a", ...expression }] });
const byField = (expression: object): object => onNodes({ matchFields: [{ key: "metadata.name", ...expression }] });
const nearPods = (term: object): object => ({ podAffinity: { [required]: [{ topologyKey: "a", ...term }] } });
const spread = (...constraints: Partial<TopologySpreadConstraint>[]): Partial<PodSpec> => ({
  topologySpreadConstraints: constraints.map((constraint) => ({
    maxSkew: 1,
    topologyKey: "a",
    whenUnsatisfiable: "DoNotSchedule",
    ...constraint,
  })),
});
const labelSelector = { matchLabels: { a: "b" } };

/** What no pod can want of the node it runs on. */
export const refusedPlacements: readonly JudgedPod[] = [
  [
    "spec.nodeSelector: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    inPod({ nodeSelector: { "a b": "c" } }),
  ],
  [
    "spec.nodeSelector: Invalid value: \"b c\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    inPod({ nodeSelector: { a: "b c" } }),
  ],
  [
    'spec.tolerations[0].operator: Unsupported value: "Is": supported values: "Equal", "Exists"',
    inPod({ tolerations: [{ key: "a", operator: "Is" }] }),
  ],
  [
    'spec.tolerations[0].operator: Invalid value: "": operator must be Exists when `key` is empty, which means "match all values and all keys"',
    inPod({ tolerations: [{ value: "x" }] }),
  ],
  [
    'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
    inPod({ tolerations: [{ operator: "Equal" }] }),
  ],
  [
    "spec.tolerations[0].key: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    inPod({ tolerations: [{ key: "a b", operator: "Exists" }] }),
  ],
  [
    "spec.tolerations[0].operator: Invalid value: \"b\": value must be empty when `operator` is 'Exists'",
    inPod({ tolerations: [{ key: "a", operator: "Exists", value: "b" }] }),
  ],
  [
    "spec.tolerations[0].operator: Invalid value: \"b\": value must be empty when `operator` is 'Exists'",
    inPod({ tolerations: [{ operator: "Exists", effect: "NoExecute", value: "b" }] }),
  ],
  [
    "spec.tolerations[0].operator: Invalid value: \"b c\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    inPod({ tolerations: [{ key: "a", value: "b c" }] }),
  ],
  [
    'spec.tolerations[0].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    inPod({ tolerations: [{ key: "a", operator: "Exists", effect: "Never" }] }),
  ],
  [
    "spec.tolerations[0].effect: Invalid value: \"\": effect must be 'NoExecute' when `tolerationSeconds` is set",
    inPod({ tolerations: [{ key: "a", operator: "Exists", tolerationSeconds: 1 }] }),
  ],
  [
    'spec.tolerations[0].operator: Unsupported value: "Gt": supported values: "Equal", "Exists", "Lt", "Gt"',
    inPod({ tolerations: [{ key: "a", operator: "Gt", value: "x" }] }),
  ],
  [
    "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term",
    inPod({ affinity: onNodes() }),
  ],
  [
    'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator',
    inPod({ affinity: byLabel({ operator: "Is" }) }),
  ],
  [
    "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
    inPod({ affinity: byLabel({ operator: "In" }) }),
  ],
  [
    "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
    inPod({ affinity: byLabel({ operator: "Exists", values: ["b"] }) }),
  ],
  [
    "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified single value when `operator` is 'Lt' or 'Gt'",
    inPod({ affinity: byLabel({ operator: "Gt", values: ["1", "2"] }) }),
  ],
  [
    "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    inPod({ affinity: byLabel({ key: "a b", operator: "Exists" }) }),
  ],
  [
    "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values[0]: Invalid value: \"b c\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    inPod({ affinity: byLabel({ operator: "In", values: ["b c"] }) }),
  ],
  [
    'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0].operator: Invalid value: "Exists": not a valid selector operator',
    inPod({ affinity: byField({ operator: "Exists" }) }),
  ],
  [
    "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0].values: Required value: must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
    inPod({ affinity: byField({ operator: "In", values: ["b", "c"] }) }),
  ],
  [
    "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0].values[0]: Invalid value: \"b_\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    inPod({ affinity: byField({ operator: "In", values: ["b_"] }) }),
  ],
  [
    'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0].key: Invalid value: "spec.a": not a valid field selector key',
    inPod({ affinity: byField({ key: "spec.a", operator: "In", values: ["b"] }) }),
  ],
  [
    "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100",
    inPod({ affinity: { nodeAffinity: { [preferred]: [{ weight: 0, preference: {} }] } } }),
  ],
  [
    'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator',
    inPod({
      affinity: {
        nodeAffinity: {
          [preferred]: [{ weight: 1, preference: { matchExpressions: [{ key: "a", operator: "Is" }] } }],
        },
      },
    }),
  ],
  [
    "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty; spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: \"\": name part must be non-empty; spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    inPod({ affinity: nearPods({ topologyKey: "" }) }),
  ],
  [
    "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    inPod({ affinity: nearPods({ topologyKey: "a b" }) }),
  ],
  [
    "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].namespace: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    inPod({ affinity: nearPods({ namespaces: ["A"] }) }),
  ],
  [
    'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector.matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator',
    inPod({ affinity: nearPods({ labelSelector: { matchExpressions: [{ key: "a", operator: "Is" }] } }) }),
  ],
  [
    "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].namespaceSelector.matchLabels: Invalid value: \"b c\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    inPod({ affinity: nearPods({ namespaceSelector: { matchLabels: { a: "b c" } } }) }),
  ],
  [
    "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set",
    inPod({ affinity: nearPods({ matchLabelKeys: ["a"] }) }),
  ],
  [
    "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].matchLabelKeys[0]: Invalid value: \"c d\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    inPod({ affinity: nearPods({ labelSelector, matchLabelKeys: ["c d"] }) }),
  ],
  [
    'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].matchLabelKeys[0]: Invalid value: "c": exists in both matchLabelKeys and mismatchLabelKeys',
    inPod({ affinity: nearPods({ labelSelector, matchLabelKeys: ["c"], mismatchLabelKeys: ["c"] }) }),
  ],
  [
    "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 101: must be in the range 1-100",
    inPod({ affinity: { podAntiAffinity: { [preferred]: [{ weight: 101, podAffinityTerm: { topologyKey: "a" } }] } } }),
  ],
  [
    "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
    inPod(spread({ maxSkew: 0 })),
  ],
  [
    "spec.topologySpreadConstraints[0].topologyKey: Required value: can not be empty",
    inPod(spread({ topologyKey: "" })),
  ],
  [
    'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "Never": supported values: "DoNotSchedule", "ScheduleAnyway"',
    inPod(spread({ whenUnsatisfiable: "Never" })),
  ],
  [
    'spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{a, DoNotSchedule}"',
    inPod(spread({}, {})),
  ],
  [
    "spec.topologySpreadConstraints[0].minDomains: Invalid value: 0: must be greater than zero",
    inPod(spread({ minDomains: 0 })),
  ],
  [
    "spec.topologySpreadConstraints[0].minDomains: Invalid value: 1: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway",
    inPod(spread({ minDomains: 1, whenUnsatisfiable: "ScheduleAnyway" })),
  ],
  [
    'spec.topologySpreadConstraints[0].nodeAffinityPolicy: Unsupported value: "Some": supported values: "Honor", "Ignore"; spec.topologySpreadConstraints[0].nodeTaintsPolicy: Unsupported value: "Some": supported values: "Honor", "Ignore"',
    inPod(spread({ nodeAffinityPolicy: "Some", nodeTaintsPolicy: "Some" })),
  ],
  [
    "spec.topologySpreadConstraints[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set",
    inPod(spread({ matchLabelKeys: ["a"] })),
  ],
  [
    "spec.topologySpreadConstraints[0].labelSelector.matchLabels: Invalid value: \"b c\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    inPod(spread({ labelSelector: { matchLabels: { a: "b c" } } })),
  ],
  [
    "spec.topologySpreadConstraints[0][0]: Invalid value: \"a\": exists in both matchLabelKeys and labelSelector; spec.topologySpreadConstraints[0].matchLabelKeys[1]: Invalid value: \"c d\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    {
      ...inPod(spread({ labelSelector, matchLabelKeys: ["a", "c d"] })),
      metadata: { name: "web", labels: { a: "b" } },
    },
  ],
  [
    'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0][0]: Invalid value: "a": exists in both matchLabelKeys and labelSelector',
    {
      ...inPod({ affinity: nearPods({ labelSelector, matchLabelKeys: ["a"] }) }),
      metadata: { name: "web", labels: { a: "b" } },
    },
  ],
  [
    "spec.tolerations[0].key: Invalid value: \"a/b/c\": a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName'); spec.tolerations[1].operator: Invalid value: \"vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv\": must be no more than 63 bytes",
    inPod({
      tolerations: [
        { key: "a/b/c", operator: "Exists" },
        { key: "b", value: "v".repeat(64) },
      ],
    }),
  ],
];
