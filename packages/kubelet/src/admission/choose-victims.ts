import { mayPreempt, type Pod, podRequests, qosClass } from "@wherry/kubernetes";
import { amountOf } from "./fit-resources.ts";

/** Amounts still wanted by resource, in the order in which they were found missing; none is 0 or less. */
export type WantedResources = ReadonlyMap<string, number>;

/** The pods to end, or what is wanted beyond everything that may be taken. */
export type VictimChoice =
  | { readonly kind: "found"; readonly victims: readonly Pod[] }
  | { readonly kind: "short"; readonly unmet: WantedResources };

interface Candidate {
  readonly pod: Pod;
  /** What its end gives back of a resource. */
  frees(resource: string): number;
}

/**
 * Which pods are to end so that what is wanted becomes free, as upstream chooses them: as few and as small ones as possible,
 * burstable pods only for what all best-effort ones together do not give, and guaranteed pods only for what those leave. Pure.
 *
 * Of pods that are alike in everything the last one is taken.
 */
export function chooseVictims(preemptor: Pod, pods: readonly Pod[], wanted: WantedResources): VictimChoice {
  const candidates = pods.filter((pod) => mayPreempt(preemptor, pod)).map(candidateOf);
  const unmet = remaining(wanted, candidates);
  if (unmet.size > 0) return { kind: "short", unmet };
  const of = (name: string) => candidates.filter(({ pod }) => qosClass(pod.spec ?? { containers: [] }) === name);
  const [bestEffort, burstable, guaranteed] = [of("BestEffort"), of("Burstable"), of("Guaranteed")];
  // Each class gives what the ones below cannot, together with those chosen already from the ones above.
  const fromGuaranteed = nearest(guaranteed, remaining(wanted, [...bestEffort, ...burstable]));
  const fromBurstable = nearest(burstable, remaining(wanted, [...bestEffort, ...fromGuaranteed]));
  const fromBestEffort = nearest(bestEffort, remaining(wanted, [...fromBurstable, ...fromGuaranteed]));
  const victims = [...fromBestEffort, ...fromBurstable, ...fromGuaranteed];
  return { kind: "found", victims: victims.map(({ pod }) => pod) };
}

/** Takes the candidate that leaves least to be wanted, and again, until nothing is. They suffice together. */
function nearest(candidates: readonly Candidate[], wanted: WantedResources): Candidate[] {
  const left = [...candidates];
  const chosen: Candidate[] = [];
  for (let missing = wanted; missing.size > 0 && left.length > 0; missing = remaining(missing, chosen.slice(-1))) {
    let best = 0;
    for (const [index, candidate] of left.entries())
      if (isNearer(candidate, left[best] as Candidate, missing)) best = index;
    chosen.push(...left.splice(best, 1));
  }
  return chosen;
}

/** Nearer to what is wanted, or as near and no larger. */
function isNearer(candidate: Candidate, than: Candidate, wanted: WantedResources): boolean {
  const difference = distance(candidate, wanted) - distance(than, wanted);
  if (difference !== 0) return difference < 0;
  const larger = ["memory", "cpu"]
    .map((resource) => candidate.frees(resource) - than.frees(resource))
    .find((more) => more !== 0);
  return larger === undefined || larger < 0;
}

/** Sum over the resources of the square of the share that is still wanted afterwards. */
function distance(candidate: Candidate, wanted: WantedResources): number {
  let sum = 0;
  for (const [resource, amount] of wanted) sum += (Math.max(0, amount - candidate.frees(resource)) / amount) ** 2;
  return sum;
}

/** What is wanted after the end of these. */
function remaining(wanted: WantedResources, candidates: readonly Candidate[]): WantedResources {
  const left = new Map<string, number>();
  for (const [resource, amount] of wanted) {
    const more = candidates.reduce((rest, candidate) => rest - candidate.frees(resource), amount);
    if (more > 0) left.set(resource, more);
  }
  return left;
}

function candidateOf(pod: Pod): Candidate {
  const requests = podRequests(pod.spec ?? { containers: [] });
  const frees = (resource: string) => {
    const amount = requests[resource];
    if (resource === "pods") return 1;
    return amount === undefined ? 0 : amountOf(resource, amount);
  };
  return { pod, frees };
}
