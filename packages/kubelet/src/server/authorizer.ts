import { type Clock, raceAbort } from "@wherry/base";
import { type KubernetesClient, resources } from "@wherry/client";
import type { SubjectAccessReview, SubjectAccessReviewSpec } from "@wherry/kubernetes";
import type { RequestUser } from "./authenticator.ts";
import { ExpiringCache } from "./expiring-cache.ts";

/** What a request wants, as the API server's authorizer sees it: a verb on subresources of this node, any of which will do. */
export interface AccessAttributes {
  readonly verb: string;
  /** The finest first. */
  readonly subresources: readonly string[];
}

/** Whether `user` may do it; rejects when that cannot be found out. */
export type Authorizer = (user: RequestUser, access: AccessAttributes, signal: AbortSignal) => Promise<boolean>;

/** Lets everybody do everything (`authorization.mode: AlwaysAllow`). */
export const alwaysAllow: Authorizer = async () => true;

const timeoutMs = 10_000;
const maxEntries = 4_096;

const verbs: Readonly<Record<string, string>> = {
  POST: "create",
  GET: "get",
  HEAD: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};
const coarse: readonly (readonly [string, string])[] = [
  ["/stats", "stats"],
  ["/metrics", "metrics"],
  ["/logs", "log"],
  ["/checkpoint", "checkpoint"],
];
const fine: readonly (readonly [string, string])[] = [
  ["/pods", "pods"],
  ["/runningpods", "pods"],
  ["/healthz", "healthz"],
  ["/configz", "configz"],
  ["/statusz", "statusz"],
];

/**
 * What a request to the kubelet's API needs, as upstream maps it: `nodes/stats`, `nodes/metrics`, `nodes/log` and
 * `nodes/checkpoint` by path, the fine-grained ones (KEP-2862) or `nodes/proxy` for some, `nodes/proxy` for the rest.
 */
export function accessAttributes(method: string, path: string): AccessAttributes {
  const verb = verbs[method] ?? method.toLowerCase();
  const below = ([prefix]: readonly [string, string]) => path === prefix || path.startsWith(`${prefix}/`);
  const whole = coarse.find(below);
  if (whole !== undefined) return { verb, subresources: [whole[1]] };
  const first = fine.find(below);
  return { verb, subresources: first === undefined ? ["proxy"] : [first[1], "proxy"] };
}

export interface WebhookAuthorizerOptions {
  readonly client: Pick<KubernetesClient, "create">;
  readonly nodeName: string;
  /** `authorization.webhook.cacheAuthorizedTTL`. */
  readonly allowTtlMs: number;
  /** `authorization.webhook.cacheUnauthorizedTTL`. */
  readonly denyTtlMs: number;
  readonly clock: Clock;
}

/** Asks the API server (`SubjectAccessReview`) whether a user may access the node, and remembers the answers. */
export function webhookAuthorizer(options: WebhookAuthorizerOptions): Authorizer {
  const { client, nodeName, allowTtlMs, denyTtlMs, clock } = options;
  const cache = new ExpiringCache<boolean>({ clock, maxEntries });
  const review = async (spec: SubjectAccessReviewSpec): Promise<boolean> => {
    const answer = await client.create<SubjectAccessReview>(resources.subjectAccessReviews, { spec }, { timeoutMs });
    return answer.status?.allowed === true && answer.status.denied !== true;
  };
  return async (user, { verb, subresources }, signal) => {
    let failure: Error | undefined;
    for (const subresource of subresources) {
      const spec: SubjectAccessReviewSpec = {
        user: user.name,
        ...(user.uid !== undefined && { uid: user.uid }),
        groups: [...user.groups],
        ...(user.extra !== undefined && { extra: copyLists(user.extra) }),
        resourceAttributes: { verb, version: "v1", resource: "nodes", subresource, name: nodeName },
      };
      try {
        const allowed = cache.get(
          JSON.stringify(spec),
          () => review(spec),
          (answer) => (answer ? allowTtlMs : denyTtlMs),
        );
        if (await raceAbort(allowed, signal)) return true;
      } catch (error) {
        failure ??= error instanceof Error ? error : new Error(String(error));
      }
    }
    if (failure !== undefined) throw failure;
    return false;
  };
}

function copyLists(extra: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]]));
}
