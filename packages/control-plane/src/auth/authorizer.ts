import type { Verb } from "../resources/resource-definition.ts";
import { mastersGroup, nodeNameOf, type User } from "./user.ts";

/** What a request wants to do. */
export interface RequestAttributes {
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly verb: Verb;
}

export interface Decision {
  readonly allowed: boolean;
  /** Why not, in upstream's words. */
  readonly reason: string;
}

const allow: Decision = { allowed: true, reason: "" };

/**
 * Decides what a user may do: administrators everything, nodes what concerns them, all others nothing but discovery.
 */
export class Authorizer {
  authorize(user: User, attributes: RequestAttributes): Decision {
    if (user.groups.includes(mastersGroup)) return allow;
    if (nodeNameOf(user) !== undefined) return allow;
    return deny(user, attributes);
  }
}

function deny(user: User, { verb, resource, subresource, group, namespace }: RequestAttributes): Decision {
  const full = subresource === "" ? resource : `${resource}/${subresource}`;
  const scope = namespace === "" ? "at the cluster scope" : `in the namespace "${namespace}"`;
  return {
    allowed: false,
    reason: `User "${user.name}" cannot ${verb} resource "${full}" in API group "${group}" ${scope}`,
  };
}
