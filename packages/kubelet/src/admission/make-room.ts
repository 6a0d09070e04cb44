import type { Pod } from "@wherry/kubernetes";
import type { PodRefusal } from "../provider/provider.ts";
import { chooseVictims, type WantedResources } from "./choose-victims.ts";
import type { ResourceShortage } from "./fit-resources.ts";
import { rejected } from "./refusal.ts";

/** Pods that have to end before a critical one may start. */
export interface Preemption {
  readonly victims: readonly Pod[];
  /** The first resource that was short: the one that upstream counts the preemption for. */
  readonly signal: string;
}

/** Whom a critical pod takes the missing resources from, or that nobody has enough of them. Pure. */
export function makeRoom(
  pod: Pod,
  others: readonly Pod[],
  shortages: readonly ResourceShortage[],
): PodRefusal | Preemption {
  const wanted = new Map(shortages.map(({ resource, missing }) => [resource, missing]));
  const choice = chooseVictims(pod, others, wanted);
  if (choice.kind === "found") return { victims: choice.victims, signal: shortages[0]?.resource ?? "" };
  return rejected(
    "UnexpectedAdmissionError",
    `Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to preempt: no set of running pods found to reclaim resources: ${listOf(choice.unmet)}`,
  );
}

/** As upstream writes them. */
function listOf(wanted: WantedResources): string {
  return `[${Array.from(wanted, ([resource, amount]) => `(res: ${resource}, q: ${amount}), `).join("")}]`;
}
