/** Who makes a request. */
export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export const mastersGroup = "system:masters";
export const nodesGroup = "system:nodes";
export const authenticatedGroup = "system:authenticated";
const nodePrefix = "system:node:";

export const anonymous: User = { name: "system:anonymous", groups: ["system:unauthenticated"] };

/** Name of the node that `user` is the identity of, or undefined. */
export function nodeNameOf(user: User): string | undefined {
  if (!user.groups.includes(nodesGroup) || !user.name.startsWith(nodePrefix)) return undefined;
  return user.name.slice(nodePrefix.length);
}

/** The identity of a node. */
export function nodeUser(nodeName: string): User {
  return { name: `${nodePrefix}${nodeName}`, groups: [nodesGroup, authenticatedGroup] };
}

/** The identity of the administrator. */
export const adminUser: User = { name: "wherry-admin", groups: [mastersGroup, authenticatedGroup] };
