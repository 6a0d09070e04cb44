import {
  type ContainerInstance,
  findContainerStatus,
  isOutlived,
  type PodStatus,
  restartingAllReason,
} from "@wherry/kubernetes";

/** What has to be known of an instance; without state and ID it is taken for the latest there was. */
type KnownInstance = Pick<ContainerInstance, "attempt"> & Partial<Pick<ContainerInstance, "id" | "state">>;

/**
 * Restart count of a container's next instance: one more than the newest instance's, and never less than what was published, so that
 * it only grows even where instances were lost. Pure.
 *
 * @param newest newest instance the provider knows of
 * @param published the status published last
 */
export function nextAttempt(name: string, newest: KnownInstance | undefined, published: PodStatus): number {
  const { initContainerStatuses, containerStatuses } = published;
  const status = findContainerStatus(containerStatuses, name) ?? findContainerStatus(initContainerStatuses, name);
  if (newest !== undefined && !isOutlived(newest, status))
    return Math.max(newest.attempt + 1, status?.restartCount ?? 0);
  if (status === undefined) return 0;
  const { state, lastState, restartCount } = status;
  if (state?.terminated || state?.running) return restartCount + 1;
  // An instance that vanished was counted when its end was published, and so was one that a restart of all removed.
  const ended = lastState?.terminated?.reason;
  const counted =
    lastState?.terminated === undefined || ended === "ContainerStatusUnknown" || ended === restartingAllReason;
  return counted ? restartCount : restartCount + 1;
}
