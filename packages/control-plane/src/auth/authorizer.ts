import type { Verb } from "../resources/resource-definition.ts";
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
  readonly verb: Verb;
  /** Values that a field selector demands. */
  readonly fields?: ReadonlyMap<string, string>;
}

export interface Decision {
  readonly allowed: boolean;
  /** Why not, in upstream's words. */
  readonly reason: string;
}

const allow: Decision = { allowed: true, reason: "" };

/** What every known user may create: questions about themselves. */
const selfReviews: ReadonlySet<string> = new Set([
  "selfsubjectreviews",
  "selfsubjectaccessreviews",
  "selfsubjectrulesreviews",
]);

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
    const isSelfReview = attributes.verb === "create" && selfReviews.has(attributes.resource);
    if (isSelfReview && user.groups.includes(authenticatedGroup)) return allow;
    const nodeName = nodeNameOf(user);
    if (nodeName === undefined) return deny(user, attributes, "");
    const refusal = this.#nodes.check(nodeName, attributes);
    return refusal === undefined ? allow : deny(user, attributes, refusal);
  }
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
