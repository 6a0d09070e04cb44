import { Backoff, type Clock } from "@wherry/base";
import { isForbidden } from "@wherry/client";

const firstDelayMs = 20;
const tries = 6;

/**
 * Runs `operation`, again for about 0.6 s while the API server forbids it.
 *
 * The node authorizer and the NodeRestriction admission learn of a pod's binding from watches of their own: right after it they
 * may still deny what the pod refers to.
 */
export async function retryForbidden<T>(
  operation: () => Promise<T>,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<T> {
  const backoff = new Backoff({ initialMs: firstDelayMs, maxMs: 1000 });
  for (;;) {
    try {
      return await operation();
    } catch (error) {
      if (!isForbidden(error) || backoff.steps >= tries - 1) throw error;
      await clock.sleep(backoff.next(), signal);
    }
  }
}
