import type { PodRefusal } from "../provider/provider.ts";

export function rejected(reason: string, message: string): PodRefusal {
  return { reason, message };
}

/** The message that the status of a refused pod has; that of its event is the refusal's own. */
export function rejectedMessage({ message }: PodRefusal): string {
  return `Pod was rejected: ${message}`;
}
