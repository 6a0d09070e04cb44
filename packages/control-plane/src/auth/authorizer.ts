import type { ResourceRule, SubjectRulesReviewStatus } from "@wherry/kubernetes";
import { allVerbs } from "../resources/resource-definition.ts";
import type { NodeAuthorizer } from "./node-authorizer.ts";
import { authenticatedGroup, mastersGroup, nodeNameOf, type User } from "./user.ts";

/** What a request wants to do. */
export interface RequestAttributes {
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  /** For lists and watches the name that a field selector narrows them to. */
  readonly name: string;
  /** One of `allVerbs`; reviews may ask about any other, which only administrators may use. */
  readonly verb: string;
  /** Values that a field selector demands. */
  readonly fields?: ReadonlyMap<string, string>;
}

export interface Decision {
  readonly allowed: boolean;
  /** Why not, in upstream's words. */
  readonly reason: string;
}

const allow: Decision = { allowed: true, reason: "" };

/** What a user may do, in the form of a `SelfSubjectRulesReview`. */
export type UserRules = SubjectRulesReviewStatus;

const reviewsOfSelf: readonly ResourceRule[] = [
  { verbs: ["create"], apiGroups: ["authentication.k8s.io"], resources: ["selfsubjectreviews"] },
  {
    verbs: ["create"],
    apiGroups: ["authorization.k8s.io"],
    resources: ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
  },
];
const publicPaths: readonly string[] = ["/healthz", "/livez", "/readyz", "/version"];
const discoveryPaths: readonly string[] = ["/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*"];

/**
 * Decides what a user may do with resources.
 *
 * There is no RBAC here. Administrators (`system:masters`) may do everything, nodes what concerns them; all others, service
 * accounts among them, may read discovery and ask about themselves, and are refused the rest.
 */
export class Authorizer {
  readonly #nodes: NodeAuthorizer;

  constructor(nodes: NodeAuthorizer) {
    this.#nodes = nodes;
  }

  authorize(user: User, attributes: RequestAttributes): Decision {
    if (user.groups.includes(mastersGroup)) return allow;
    if (user.groups.includes(authenticatedGroup) && reviewsOfSelf.some((rule) => isOf(rule, attributes))) return allow;
    const nodeName = nodeNameOf(user);
    if (nodeName === undefined || !allVerbs.some((verb) => verb === attributes.verb)) return deny(user, attributes, "");
    const refusal = this.#nodes.check(nodeName, attributes);
    return refusal === undefined ? allow : deny(user, attributes, refusal);
  }

  /** About paths that are no resources: all may read health and version, those who are known also discovery. */
  authorizePath(user: User, verb: string, path: string): Decision {
    if (user.groups.includes(mastersGroup)) return allow;
    const isKnown = user.groups.includes(authenticatedGroup);
    const patterns = isKnown ? [...publicPaths, ...discoveryPaths] : publicPaths;
    if (verb === "get" && patterns.some((pattern) => pathMatches(pattern, path))) return allow;
    return { allowed: false, reason: `User "${user.name}" cannot ${verb} path "${path}"` };
  }

  /** Everything that `user` may do in any namespace; for a node only what does not depend on its pods. */
  rulesOf(user: User): UserRules {
    if (user.groups.includes(mastersGroup)) {
      return {
        resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }],
        nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
        incomplete: false,
      };
    }
    const isKnown = user.groups.includes(authenticatedGroup);
    const isNode = nodeNameOf(user) !== undefined;
    return {
      resourceRules: isKnown ? [...reviewsOfSelf] : [],
      nonResourceRules: [{ verbs: ["get"], nonResourceURLs: [...publicPaths, ...(isKnown ? discoveryPaths : [])] }],
      incomplete: isNode,
      ...(isNode && { evaluationError: "node authorizer does not support user rule resolution" }),
    };
  }
}

function isOf({ verbs, apiGroups = [], resources = [] }: ResourceRule, attributes: RequestAttributes): boolean {
  const { verb, group, resource, subresource } = attributes;
  return verbs.includes(verb) && apiGroups.includes(group) && resources.includes(resource) && subresource === "";
}

function pathMatches(pattern: string, path: string): boolean {
  return pattern.endsWith("*") ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}

function deny(user: User, attributes: RequestAttributes, reason: string): Decision {
  const { verb, resource, subresource, group, namespace } = attributes;
  const full = subresource === "" ? resource : `${resource}/${subresource}`;
  const scope = namespace === "" ? "at the cluster scope" : `in the namespace "${namespace}"`;
  return {
    allowed: false,
    reason: `User "${user.name}" cannot ${verb} resource "${full}" in API group "${group}" ${scope}${reason && `: ${reason}`}`,
  };
}
