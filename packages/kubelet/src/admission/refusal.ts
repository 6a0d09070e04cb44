import type { PodRefusal } from "../provider/provider.ts";

/** A refusal whose message begins as upstream's do. */
export function rejected(reason: string, message: string): PodRefusal {
  return { reason, message: `Pod was rejected: ${message}` };
}
