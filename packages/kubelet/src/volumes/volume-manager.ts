import { readdir, stat } from "node:fs/promises";
import { type Clock, errorMessage, type Logger, systemClock, WorkQueue } from "@wherry/base";
import type { Container, Pod, VolumeMount } from "@wherry/kubernetes";
import type { Mount } from "@wherry/runtime";
import type { PodCertificates } from "../certificates/pod-certificates.ts";
import { VolumeError } from "../errors.ts";
import type { ObservableObjectCache } from "../objects/object-cache.ts";
import type { EnvironmentVariable } from "../ports/environment.ts";
import type { EventRecorder } from "../ports/event-recorder.ts";
import { segment } from "../ports/log-paths.ts";
import type { NodeFacts } from "../ports/node-facts.ts";
import type { ContainerMountsOptions, VolumeCallOptions, VolumeManager } from "../ports/volume-manager.ts";
import type { ServiceAccountTokens } from "../tokens/service-account-tokens.ts";
import { type MountSource, resolveContainerMounts } from "./container-mounts.ts";
import { KeyedLock } from "./keyed-lock.ts";
import { measureUsage } from "./measure-usage.ts";
import { podDirectory, podsDirectory, subPathDirectory } from "./pod-paths.ts";
import { PodVolumes } from "./pod-volumes.ts";
import { removeTree } from "./remove-tree.ts";
import { readBeneath } from "./resolve-beneath.ts";
import { liveSubPath, payloadSubPath } from "./sub-path.ts";
import { VolumeFault } from "./volume-fault.ts";
import type { MountedVolume, VolumeSources } from "./volume-kind.ts";
import { isBelow, openDiskRoot, openMemoryRoot } from "./volume-roots.ts";

export interface VolumeManagerOptions {
  /** The kubelet's root directory; volumes are at `pods/<uid>/volumes/<kind>/<name>` below it. */
  readonly rootDirectory: string;
  /**
   * A directory of this kubelet alone on a memory file system, such as below `/dev/shm`: for secrets and tokens, which then never
   * reach the disk, and for `emptyDir` of medium `Memory`. Created if missing.
   *
   * @default none: secrets are on disk and medium `Memory` is refused
   */
  readonly memoryDirectory?: string | undefined;
  readonly objects: ObservableObjectCache;
  readonly tokens: ServiceAccountTokens;
  readonly certificates: PodCertificates;
  readonly node: Pick<NodeFacts, "allocatable">;
  readonly events: EventRecorder;
  readonly logger: Logger;
  /** Whether the runtime keeps everything below a read-only mount read-only. @default false */
  readonly recursiveReadOnly?: boolean;
  /** @default systemClock */
  readonly clock?: Clock;
  /** @default Math.random */
  readonly random?: () => number;
}

const minResyncMs = 60_000;
const resyncSpreadMs = 30_000;
const refreshConcurrency = 8;
const maxEnvFileBytes = 2 ** 20;

/**
 * Opens the volumes below a root directory, which is created if missing.
 *
 * @throws what the file system answers, TypeError for a memory directory that is not on a memory file system or that others could
 * write to
 */
export async function openVolumeManager(options: VolumeManagerOptions): Promise<NodeVolumeManager> {
  const rootDirectory = await openDiskRoot(options.rootDirectory);
  if (options.memoryDirectory === undefined) return new NodeVolumeManager({ ...options, rootDirectory });
  const memoryDirectory = await openMemoryRoot(options.memoryDirectory);
  return new NodeVolumeManager({ ...options, rootDirectory, memoryDirectory });
}

/**
 * The volumes of a node's pods on its file system; see {@link VolumeManager}.
 *
 * Keeps nothing but what can be had again from the pod and the disk: after a restart `mountPod` finds what is there and goes on.
 * Volumes that show objects, metadata or tokens follow them: at once on a change, and every 60 to 90 s.
 */
export class NodeVolumeManager implements VolumeManager {
  readonly #options: VolumeManagerOptions;
  readonly #sources: VolumeSources;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #pods: Map<string, PodVolumes> = new Map();
  readonly #lock: KeyedLock = new KeyedLock();
  readonly #refreshes: WorkQueue;

  /** @param options paths in them are absolute and without links; {@link openVolumeManager} sees to that */
  constructor(options: VolumeManagerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    const { objects, tokens, certificates, node } = options;
    this.#sources = { objects, tokens, certificates, node };
    this.#refreshes = new WorkQueue((uid, signal) => this.#refresh(uid, signal), {
      clock: this.#clock,
      concurrency: refreshConcurrency,
      backoff: { initialMs: 1000, maxMs: minResyncMs, jitter: 0.2, random: this.#random },
      onError: (uid, error, retryInMs) => this.#refreshFailed(uid, error, retryInMs),
    });
  }

  mountPod(pod: Pod, options: VolumeCallOptions = {}): Promise<void> {
    const uid = uidOf(pod);
    return this.#lock.run(uid, async () => {
      // Refuses a UID that is no path segment, even for a pod without volumes.
      podDirectory(this.#options.rootDirectory, uid);
      let volumes = this.#pods.get(uid);
      if (volumes === undefined) {
        volumes = new PodVolumes(pod, {
          ...this.#options,
          sources: this.#sources,
          clock: this.#clock,
        });
        this.#pods.set(uid, volumes);
      }
      volumes.pod = pod;
      await volumes.mount(options.signal);
      if (volumes.isLive) this.#refreshes.addAfter(uid, this.#resyncMs());
    });
  }

  containerMounts(
    pod: Pod,
    container: Container,
    environment: readonly EnvironmentVariable[],
    { imageVolumes = new Map() }: ContainerMountsOptions = {},
  ): Promise<Mount[]> {
    const uid = uidOf(pod);
    return this.#lock.run(uid, async () => {
      const volumes = this.#pods.get(uid)?.mounted;
      if (volumes === undefined) throw new TypeError(`Pod ${uid} has no mounted volumes: call mountPod before`);
      return resolveContainerMounts({
        container,
        environment,
        volumes,
        imageVolumes,
        recursiveReadOnly: this.#options.recursiveReadOnly ?? false,
        subPath: (volume, mount, index, path) => this.#subPath(uid, container, volume, mount, index, path),
      });
    });
  }

  /**
   * What a container left in a file of an `emptyDir` of its pod; undefined when there is no such file.
   *
   * @throws VolumeFault for a path that leads outside of the volume, for what is no regular file, and for more than 1 MiB
   */
  async readVolumeFile(podUid: string, volume: string, path: string): Promise<Uint8Array | undefined> {
    const mounted = this.#pods.get(podUid)?.mounted?.get(volume);
    if (mounted?.type !== "path" || mounted.sharing !== "live" || !this.#isOwn(mounted.path))
      throw new VolumeFault("InvalidVolume", `volume "${volume}" is not an emptyDir of the pod`);
    return readBeneath(mounted.path, path, maxEnvFileBytes);
  }

  unmountPod(podUid: string, _options: VolumeCallOptions = {}): Promise<void> {
    // An update that waits for the API server must not keep the pod.
    this.#pods.get(podUid)?.stop();
    return this.#lock.run(podUid, async () => {
      this.#refreshes.forget(podUid);
      this.#pods.delete(podUid);
      this.#options.tokens.forgetPod(podUid);
      this.#options.certificates.forgetPod(podUid);
      try {
        for (const root of this.#roots()) {
          podDirectory(root, podUid);
          await removeTree(podsDirectory(root), podUid);
        }
      } catch (error) {
        throw new VolumeError("", `cannot remove the volumes of pod ${podUid}: ${errorMessage(error)}`, {
          cause: error,
        });
      }
    });
  }

  async mountedPods(): Promise<string[]> {
    const found = new Set<string>();
    for (const root of this.#roots())
      for (const entry of await readdir(podsDirectory(root), { withFileTypes: true }))
        if (entry.isDirectory() && isSegment(entry.name)) found.add(entry.name);
    return [...found].sort();
  }

  /**
   * Bytes that volumes of a pod take up, by name; what is not mounted, or mounted by the runtime, is left out. Reads the disk.
   *
   * @param names of the volumes to measure
   */
  async volumeUsage(
    podUid: string,
    names: Iterable<string>,
    options: VolumeCallOptions = {},
  ): Promise<ReadonlyMap<string, number>> {
    const usage = new Map<string, number>();
    for (const name of names) {
      const volume = this.#pods.get(podUid)?.mounted?.get(name);
      if (volume?.type === "path") usage.set(name, (await measureUsage(volume.path, options)).bytes);
    }
    return usage;
  }

  podChanged(pod: Pod): void {
    const uid = pod.metadata?.uid ?? "";
    const volumes = this.#pods.get(uid);
    if (volumes === undefined) return;
    volumes.pod = pod;
    if (volumes.showsMetadata) this.#refreshes.add(uid);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { objects, certificates } = this.#options;
    const stops = [
      objects.onChange(({ podUids }) => this.#sourceChanged(podUids)),
      certificates.onIssued((podUid) => this.#sourceChanged([podUid])),
    ];
    try {
      await this.#refreshes.run(signal);
    } finally {
      for (const stop of stops) stop();
    }
  }

  #sourceChanged(podUids: readonly string[]): void {
    for (const uid of podUids) if (this.#pods.get(uid)?.isLive) this.#refreshes.add(uid);
  }

  async #refresh(uid: string, signal: AbortSignal): Promise<number | undefined> {
    return this.#lock.run(uid, async () => {
      const volumes = this.#pods.get(uid);
      if (volumes === undefined) return undefined;
      await volumes.refresh(signal);
      return this.#resyncMs();
    });
  }

  #refreshFailed(uid: string, error: unknown, retryInMs: number): void {
    const volumes = this.#pods.get(uid);
    if (volumes === undefined) return;
    const message = errorMessage(error);
    this.#options.logger.warn("Cannot update the volumes of a pod", { podUid: uid, retryInMs, error: message });
    // While a namespace goes, its objects often go before its pods.
    if (volumes.pod.metadata?.deletionTimestamp !== undefined) return;
    this.#options.events.event({ kind: "Pod", pod: volumes.pod }, { type: "Warning", reason: "FailedMount", message });
  }

  async #subPath(
    uid: string,
    container: Container,
    volume: MountedVolume & { readonly type: "path" },
    mount: VolumeMount,
    index: number,
    path: string,
  ): Promise<MountSource> {
    if (volume.sharing === "live") return liveSubPath(volume.path, path, (await stat(volume.path)).mode & 0o777);
    // On the volume's own file system, or it could not be linked.
    const root = this.#roots().find((root) => isBelow(volume.path, root)) ?? this.#options.rootDirectory;
    const parent = subPathDirectory(root, uid, mount.name, container.name);
    return payloadSubPath(volume.path, path, { parent, name: String(index) });
  }

  #resyncMs(): number {
    return minResyncMs + this.#random() * resyncSpreadMs;
  }

  #isOwn(path: string): boolean {
    return this.#roots().some((root) => isBelow(path, root));
  }

  #roots(): string[] {
    const { rootDirectory, memoryDirectory } = this.#options;
    return memoryDirectory === undefined ? [rootDirectory] : [rootDirectory, memoryDirectory];
  }
}

/** Whether the kubelet may have made a directory of that name. */
function isSegment(name: string): boolean {
  try {
    return segment(name) === name;
  } catch {
    return false;
  }
}

function uidOf(pod: Pod): string {
  const uid = pod.metadata?.uid;
  if (!uid) throw new TypeError("Cannot handle the volumes of a pod without metadata.uid");
  return uid;
}
