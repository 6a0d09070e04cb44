import { Backoff, type Clock } from "@wherry/base";
import { isApiError, isForbidden, isNotFound } from "@wherry/client";

const firstDelayMs = 5;
const tries = 8;

/**
 * Runs `operation`, again for about 0.6 s while the API server's answer may come from its not yet knowing of a pod.
 *
 * The node authorizer, the NodeRestriction admission and the token endpoint learn of a pod and its binding from watches of their
 * own: right after it they may still forbid what the pod refers to, or not find the pod.
 */
export async function retryLag<T>(
  operation: () => Promise<T>,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<T> {
  const backoff = new Backoff({ initialMs: firstDelayMs, maxMs: 1000 });
  for (;;) {
    try {
      return await operation();
    } catch (error) {
      if (!mayBeLag(error) || backoff.steps >= tries - 1) throw error;
      await clock.sleep(backoff.next(), signal);
    }
  }
}

function mayBeLag(error: unknown): boolean {
  if (isForbidden(error)) return true;
  if (!isApiError(error) || !isNotFound(error)) return false;
  // Seen in the singular from the token endpoint.
  const kind = error.details.details?.kind;
  return kind === "pod" || kind === "pods";
}
