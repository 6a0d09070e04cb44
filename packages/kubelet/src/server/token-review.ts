import { createHash } from "node:crypto";
import { type Clock, raceAbort } from "@wherry/base";
import { type KubernetesClient, resources } from "@wherry/client";
import type { TokenReview } from "@wherry/kubernetes";
import type { RequestUser } from "./authenticator.ts";
import { ExpiringCache } from "./expiring-cache.ts";

const timeoutMs = 10_000;
const maxEntries = 4_096;

export interface TokenReviewerOptions {
  readonly client: Pick<KubernetesClient, "create">;
  /** `authentication.webhook.cacheTTL`. */
  readonly cacheTtlMs: number;
  readonly clock: Clock;
}

/**
 * Asks the API server whom a token stands for (`TokenReview`), and remembers the answer, good or bad, for the cache time.
 *
 * Tokens are remembered by their digest only.
 */
export function createTokenReviewer(
  options: TokenReviewerOptions,
): (token: string, signal: AbortSignal) => Promise<RequestUser | undefined> {
  const { client, cacheTtlMs, clock } = options;
  const cache = new ExpiringCache<RequestUser | undefined>({ clock, maxEntries });
  const review = async (token: string): Promise<RequestUser | undefined> => {
    const body: TokenReview = { spec: { token } };
    const { status } = await client.create<TokenReview>(resources.tokenReviews, body, { timeoutMs });
    if (status?.authenticated !== true || !status.user?.username) return undefined;
    const { username, uid, groups, extra } = status.user;
    return { name: username, uid, groups: groups ?? [], extra };
  };
  return (token, signal) => {
    const key = createHash("sha256").update(token).digest("base64");
    return raceAbort(
      cache.get(
        key,
        () => review(token),
        () => cacheTtlMs,
      ),
      signal,
    );
  };
}
