import { access, chmod } from "node:fs/promises";
import { type Clock, errorCode, type Logger } from "@wherry/base";
import type { Pod, Volume } from "@wherry/kubernetes";
import { writeAtomically } from "./atomic-writer.ts";
import { makeDirectory } from "./make-directory.ts";
import { payloadDigest } from "./payload-digest.ts";
import { volumeDirectory } from "./pod-paths.ts";
import { volumeErrorFrom } from "./volume-fault.ts";
import type { MountedVolume, PayloadVolumeKind, VolumePlaces, VolumeRequest, VolumeSources } from "./volume-kind.ts";
import { volumeKindOf } from "./volume-kinds.ts";
import { isBelow } from "./volume-roots.ts";
import { diskFileSystem, memoryFileSystem } from "./writer-file-system.ts";

export interface PodVolumesOptions {
  readonly rootDirectory: string;
  readonly memoryDirectory?: string | undefined;
  readonly sources: VolumeSources;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The volumes of one pod. Calls must not overlap. */
export class PodVolumes {
  /** The pod as last seen; its volumes never change. */
  pod: Pod;
  readonly #options: PodVolumesOptions;
  readonly #uid: string;
  readonly #stop: AbortController = new AbortController();
  #mounted: ReadonlyMap<string, MountedVolume> | undefined;
  /** Where payload volumes are and digests of what they show, to leave the disk alone while nothing changes. */
  readonly #shown: Map<string, { readonly path: string; readonly digest: string }> = new Map();

  constructor(pod: Pod, options: PodVolumesOptions) {
    this.pod = pod;
    this.#uid = pod.metadata?.uid ?? "";
    this.#options = options;
  }

  /** Volumes by name; undefined until all were mounted. */
  get mounted(): ReadonlyMap<string, MountedVolume> | undefined {
    return this.#mounted;
  }

  /** Whether some volume follows something that may change. */
  get isLive(): boolean {
    return this.#volumes.some((volume) => isPayload(volume));
  }

  /** Whether some volume shows fields of the pod itself. */
  get showsMetadata(): boolean {
    return this.#volumes.some(
      ({ downwardAPI, projected }) =>
        downwardAPI !== undefined || projected?.sources?.some((source) => source.downwardAPI !== undefined),
    );
  }

  /** Ends work under way with the abort of this object; it cannot be used again. */
  stop(): void {
    this.#stop.abort();
  }

  get #volumes(): readonly Volume[] {
    return this.pod.spec?.volumes ?? [];
  }

  /** Makes all volumes ready at the same time, whatever is there already. @throws VolumeError of the first that fails */
  async mount(signal: AbortSignal | undefined): Promise<void> {
    this.#shown.clear();
    const mounted = await this.#each(this.#volumes, (volume) => this.#mountOne(volume, signal));
    this.#mounted = new Map(mounted);
  }

  /** Brings volumes that follow something up to date. @throws VolumeError of the first that fails; the others are updated */
  async refresh(signal: AbortSignal): Promise<void> {
    await this.#each(
      this.#volumes.filter((volume) => isPayload(volume)),
      (volume) => this.#mountOne(volume, signal),
    );
  }

  async #each<T>(volumes: readonly Volume[], work: (volume: Volume) => Promise<T>): Promise<T[]> {
    const results = await Promise.allSettled(volumes.map(work));
    const values: T[] = [];
    for (const [index, result] of results.entries()) {
      if (result.status === "rejected") throw volumeErrorFrom(volumes[index]?.name ?? "", result.reason);
      values.push(result.value);
    }
    return values;
  }

  async #mountOne(volume: Volume, signal: AbortSignal | undefined): Promise<[string, MountedVolume]> {
    const kind = volumeKindOf(volume);
    const request: VolumeRequest<typeof kind.field> = {
      pod: this.pod,
      name: volume.name,
      spec: volume[kind.field] ?? {},
      sources: this.#options.sources,
      signal: signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal]),
    };
    if (kind.type === "place") return [volume.name, await kind.mount(request, this.#places(volume))];
    return [volume.name, await this.#show(kind, request)];
  }

  async #show(kind: PayloadVolumeKind, request: VolumeRequest<typeof kind.field>): Promise<MountedVolume> {
    const shown = this.#shown.get(request.name);
    // A new directory is made while the API server has not answered yet.
    const [directory, content] = await Promise.allSettled([
      shown?.path ?? this.#makePayloadDirectory(kind, request.name),
      kind.payload(request),
    ]);
    if (content.status === "rejected") throw content.reason;
    if (directory.status === "rejected") throw directory.reason;
    request.signal?.throwIfAborted();
    const [path, payload] = [directory.value, content.value];
    const digest = payloadDigest(payload);
    if (shown?.digest !== digest) {
      if (shown !== undefined) await ownDirectory(path, 0o755);
      const fileSystem = this.#inMemory(path) ? memoryFileSystem : diskFileSystem;
      const changed = await writeAtomically(path, payload, { nowMs: this.#options.clock.now(), fileSystem });
      this.#shown.set(request.name, { path, digest });
      if (changed)
        this.#options.logger.debug("Wrote a volume", { podUid: this.#uid, volume: request.name, files: payload.size });
    }
    return { type: "path", path, readOnly: true, sharing: "payload" };
  }

  async #makePayloadDirectory(kind: PayloadVolumeKind, name: string): Promise<string> {
    const path = await this.#payloadDirectory(kind, name);
    await ownDirectory(path, 0o755);
    return path;
  }

  /** On disk what is there already, e.g. from before the node had a memory file system: running containers see it. */
  async #payloadDirectory(kind: PayloadVolumeKind, name: string): Promise<string> {
    const { rootDirectory, memoryDirectory } = this.#options;
    const onDisk = volumeDirectory(rootDirectory, this.#uid, kind.directoryName, name);
    if (!kind.confidential || memoryDirectory === undefined || (await exists(onDisk))) return onDisk;
    return volumeDirectory(memoryDirectory, this.#uid, kind.directoryName, name);
  }

  #inMemory(path: string): boolean {
    const { memoryDirectory } = this.#options;
    return memoryDirectory !== undefined && isBelow(path, memoryDirectory);
  }

  #places(volume: Volume): VolumePlaces {
    const { rootDirectory, memoryDirectory } = this.#options;
    const placeBelow = (root: string) => async (directoryName: string, mode: number) => {
      const path = volumeDirectory(root, this.#uid, directoryName, volume.name);
      await ownDirectory(path, mode);
      return path;
    };
    return {
      directory: placeBelow(rootDirectory),
      memoryDirectory: memoryDirectory === undefined ? undefined : placeBelow(memoryDirectory),
    };
  }
}

function isPayload(volume: Volume): boolean {
  const { configMap, downwardAPI, projected, secret } = volume;
  return [configMap, downwardAPI, projected, secret].some((field) => field !== undefined && field !== null);
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
}

async function ownDirectory(path: string, mode: number): Promise<void> {
  await makeDirectory(path, 0o750);
  // Not the mode of `makeDirectory`, which the process's umask narrows.
  await chmod(path, mode);
}
