import type { Container, Pod } from "@wherry/kubernetes";
import type { ImageSpec, Mount } from "@wherry/runtime";
import type { EnvironmentVariable } from "./environment.ts";

/** What every call for volumes takes. */
export interface VolumeCallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** What the mounts of a container depend on beside its pod. */
export interface ContainerMountsOptions extends VolumeCallOptions {
  /**
   * What the container's volumes of kind `image` show, by the volumes' names; the images are present.
   *
   * @default none; mounting such a volume is a mistake then
   */
  readonly imageVolumes?: ReadonlyMap<string, ImageSpec> | undefined;
}

/**
 * Makes the volumes of pods available on the node and says how containers see them.
 *
 * Calls for one pod come one after another; calls for different pods may run at the same time.
 */
export interface VolumeManager {
  /**
   * Makes every volume of the pod ready. Idempotent: a call for a mounted pod checks and repairs, and starts live updates again
   * after a restart of the kubelet.
   *
   * @throws VolumeError naming the volume; its message becomes the `FailedMount` event. The caller retries with back-off.
   */
  mountPod(pod: Pod, options?: VolumeCallOptions): Promise<void>;
  /**
   * The mounts of one container, in the order of `volumeMounts`; only after `mountPod`. A sub path that containers can change is
   * there when this resolves and is the mount's `subPath`, for who mounts to resolve once more.
   *
   * @param environment resolved variables of the container, for `subPathExpr`
   * @throws VolumeError for a sub path that leaves its volume or cannot be made; shown as `CreateContainerConfigError`
   */
  containerMounts(
    pod: Pod,
    container: Container,
    environment: readonly EnvironmentVariable[],
    options?: ContainerMountsOptions,
  ): Promise<Mount[]>;
  /** Tears down everything of the pod, with its directory; called after the last container stopped. Idempotent. */
  unmountPod(podUid: string, options?: VolumeCallOptions): Promise<void>;
  /** UIDs of all pods that have something on disk, for the clean-up of orphans. */
  mountedPods(options?: VolumeCallOptions): Promise<string[]>;
  /** The pod object changed (labels, annotations, status of addresses); live volumes may follow. Never throws, never blocks. */
  podChanged(pod: Pod): void;
  /** Live updates and token rotation until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}
