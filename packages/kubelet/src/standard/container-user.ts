import { type Container, type Pod, podTitle } from "@wherry/kubernetes";
import { ConfigError } from "../errors.ts";

/** A user of the node, with whose rights files are opened. */
export interface NodeUser {
  readonly uid: number;
  readonly gid: number;
  /** Further groups. */
  readonly groups: readonly number[];
}

/**
 * Refuses a container that asks for another user than it would meet files of the node with.
 *
 * A guest makes no system calls, and its pod's own volumes are there for its containers alone, so the user only matters to one that
 * mounts a `hostPath` volume: that is refused unless it asks for `user`, or for nothing. What contradicts itself is refused
 * anyhow, as upstream does.
 *
 * @param user of every container; undefined where it is not known
 * @throws ConfigError
 */
export function checkContainerUser(pod: Pod, container: Container, user: NodeUser | undefined): void {
  const own = container.securityContext ?? {};
  const shared = pod.spec?.securityContext ?? {};
  const runAsUser = own.runAsUser ?? shared.runAsUser;
  const runAsGroup = own.runAsGroup ?? shared.runAsGroup;
  const runAsNonRoot = own.runAsNonRoot ?? shared.runAsNonRoot ?? false;
  const who = `(pod: ${JSON.stringify(podTitle(pod))}, container: ${container.name})`;
  if (runAsNonRoot && runAsUser === 0) throw new ConfigError(`container's runAsUser breaks non-root policy ${who}`);
  const volume = hostPathOf(pod, container);
  if (volume === undefined) return;
  if (runAsNonRoot && runAsUser === undefined && (user === undefined || user.uid === 0))
    throw new ConfigError(`container has runAsNonRoot and image will run as root ${who}`);
  const groups = [...(shared.supplementalGroups ?? []), ...(shared.fsGroup === undefined ? [] : [shared.fsGroup])];
  const refuse = (field: string, value: number, kind: "user" | "group", met: number | undefined) => {
    const meets = user === undefined ? `an unknown ${kind}` : `${kind} ${met ?? user.gid}`;
    throw new ConfigError(
      `container has ${field} ${value} and mounts hostPath volume "${volume}", whose files it would meet as ${meets} of the node ${who}`,
    );
  };
  if (runAsUser !== undefined && runAsUser !== user?.uid) refuse("runAsUser", runAsUser, "user", user?.uid);
  if (runAsGroup !== undefined && runAsGroup !== user?.gid) refuse("runAsGroup", runAsGroup, "group", user?.gid);
  // Root needs no group to reach a file.
  if (user?.uid === 0) return;
  const missing = groups.find((group) => group !== user?.gid && user?.groups.includes(group) !== true);
  if (missing !== undefined) refuse("supplementalGroups or fsGroup", missing, "group", user?.gid);
}

/** Name of a `hostPath` volume that the container mounts. */
function hostPathOf(pod: Pod, container: Container): string | undefined {
  const mounted = new Set((container.volumeMounts ?? []).map(({ name }) => name));
  return pod.spec?.volumes?.find(({ name, hostPath }) => hostPath != null && mounted.has(name))?.name;
}
