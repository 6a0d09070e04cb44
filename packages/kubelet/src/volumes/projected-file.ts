import type { Pod } from "@wherry/kubernetes";
import type { PayloadFile } from "./atomic-writer.ts";

/**
 * A file of a projected volume that is the pod's own: with a user that all its containers share, or a group of its files, nobody
 * else may read it.
 */
export function projectedFile(pod: Pod, text: string, defaultMode: number): PayloadFile {
  const ownerUid = commonUser(pod);
  const isRestricted = ownerUid !== undefined || pod.spec?.securityContext?.fsGroup !== undefined;
  const file: PayloadFile = { data: Buffer.from(text, "utf8"), mode: isRestricted ? 0o600 : defaultMode };
  return ownerUid === undefined ? file : { ...file, ownerUid };
}

/** The user that all containers of the pod run as; undefined when they differ or one's is not given. */
function commonUser(pod: Pod): number | undefined {
  const podUser = pod.spec?.securityContext?.runAsUser;
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const users = new Set(containers.map(({ securityContext }) => securityContext?.runAsUser ?? podUser));
  const [user] = users;
  return users.size === 1 ? user : undefined;
}
