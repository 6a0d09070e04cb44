import { isPodReady, type Pod, type StatefulSetSpec } from "@wherry/kubernetes";
import { isAvailable } from "../kit/pod-state.ts";

/** The ordinals that a set's pods should have: `first` up to but not including `end`. */
export interface OrdinalRange {
  readonly first: number;
  readonly end: number;
}

export function ordinalRange({ ordinals, replicas = 1 }: StatefulSetSpec): OrdinalRange {
  const first = ordinals?.start ?? 0;
  return { first, end: first + replicas };
}

/** The ordinal in a pod's name; undefined for one whose name is not made by the set called `setName`. */
export function ordinalOf(setName: string, podName: string): number | undefined {
  if (!podName.startsWith(`${setName}-`)) return undefined;
  const text = podName.slice(setName.length + 1);
  return /^(0|[1-9]\d{0,9})$/.test(text) ? Number(text) : undefined;
}

/** What the controller does next. */
export type StatefulStep =
  | { readonly kind: "create"; readonly ordinal: number }
  | { readonly kind: "delete"; readonly pod: Pod };

export interface StatefulState {
  readonly spec: StatefulSetSpec;
  /** The set's pods by ordinal, those that are going included. */
  readonly pods: ReadonlyMap<number, Pod>;
  readonly isUpdated: (pod: Pod) => boolean;
  readonly nowMs: number;
}

const isGoing = ({ metadata }: Pod): boolean => metadata?.deletionTimestamp !== undefined;
const hasEnded = ({ status }: Pod): boolean => status?.phase === "Failed" || status?.phase === "Succeeded";

/**
 * What a StatefulSet does now. In order: replace what has ended, fill gaps from the lowest ordinal, take away what is
 * too much from the highest, then replace old pods from the highest down to the partition.
 *
 * With OrderedReady each of these waits for every pod before it to be running and ready; with Parallel only updates do.
 */
export function nextSteps(state: StatefulState): StatefulStep[] {
  const { spec, pods } = state;
  const { first, end } = ordinalRange(spec);
  const isOrdered = spec.podManagementPolicy !== "Parallel";
  const healthy = (pod: Pod) => !isGoing(pod) && isServing(pod, spec.minReadySeconds ?? 0, state.nowMs);
  const steps: StatefulStep[] = [];
  for (let ordinal = first; ordinal < end; ordinal++) {
    const pod = pods.get(ordinal);
    if (pod === undefined) steps.push({ kind: "create", ordinal });
    else if (hasEnded(pod) && !isGoing(pod)) steps.push({ kind: "delete", pod });
    else if (!isOrdered || healthy(pod)) continue;
    // One that does not serve yet holds the others up, be it old, new or going.
    if (isOrdered) return steps;
  }
  const condemned = [...pods]
    .filter(([ordinal]) => ordinal < first || ordinal >= end)
    .sort(([left], [right]) => right - left);
  for (const [, pod] of condemned) {
    if (!isGoing(pod)) steps.push({ kind: "delete", pod });
    if (isOrdered) return steps;
  }
  return steps.length > 0 || spec.updateStrategy?.type === "OnDelete" ? steps : updateStep(state, healthy);
}

function isServing(pod: Pod, minReadySeconds: number, nowMs: number): boolean {
  return pod.status?.phase === "Running" && isPodReady(pod) && isAvailable(pod, minReadySeconds, nowMs);
}

function updateStep({ spec, pods, isUpdated }: StatefulState, healthy: (pod: Pod) => boolean): StatefulStep[] {
  const { first, end } = ordinalRange(spec);
  const lowest = first + (spec.updateStrategy?.rollingUpdate?.partition ?? 0);
  for (let ordinal = end - 1; ordinal >= lowest; ordinal--) {
    const pod = pods.get(ordinal);
    if (pod === undefined) return [];
    if (!isUpdated(pod) && !isGoing(pod)) return [{ kind: "delete", pod }];
    if (!healthy(pod)) return [];
  }
  return [];
}

/** Whether a new pod of `ordinal` is made from the new template: all are but those below the partition in a rolling update. */
export function usesUpdate({ updateStrategy, ordinals }: StatefulSetSpec, ordinal: number): boolean {
  if (updateStrategy?.type === "OnDelete") return true;
  return ordinal >= (ordinals?.start ?? 0) + (updateStrategy?.rollingUpdate?.partition ?? 0);
}
