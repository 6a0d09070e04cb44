import { join } from "node:path";
import { type Clock, errorMessage, type Logger } from "@wherry/base";
import { isCriticalPod, isPodTerminal, type Pod } from "@wherry/kubernetes";
import type { EventRecorder } from "../ports/event-recorder.ts";
import { podLogDirectory, segment } from "../ports/log-paths.ts";
import type { PodDirectory } from "../ports/pod-directory.ts";
import type { PodTermination } from "../provider/pod-handle.ts";
import { measureUsage } from "../volumes/measure-usage.ts";
import type { NodeVolumeManager } from "../volumes/volume-manager.ts";
import type { EvictionCounter } from "./eviction-metrics.ts";
import {
  countedVolumes,
  exceededLimit,
  type LocalStorageLimits,
  type LocalStorageUsage,
  localStorageLimits,
} from "./local-storage-limits.ts";

export interface LocalStorageEvictionOptions {
  readonly pods: Pick<PodDirectory, "list"> & {
    terminate(uid: string, termination: PodTermination): boolean;
  };
  readonly volumes: Pick<NodeVolumeManager, "volumeUsage">;
  /** `podLogsDir`. */
  readonly podLogsDirectory: string;
  readonly events: EventRecorder;
  readonly evictions: EvictionCounter;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** As often as upstream looks. */
const lookEveryMs = 10_000;
/** What upstream gives a pod that has to go at once. */
const gracePeriodMs = 1000;
const reason = "Evicted";

/**
 * Evicts pods that take up more local storage than their spec allows: phase `Failed`, reason `Evicted`, an event with the same message.
 *
 * Only pods with a limit are measured, one after the other, at most as often as every 10 s; a pod may be over a limit until then.
 * Critical pods stay. As upstream has it there is no condition `DisruptionTarget`: what the pod did itself it would do again.
 */
export class LocalStorageEviction {
  readonly #options: LocalStorageEvictionOptions;
  /** Pods that were told to end, for as long as they are known. */
  #evicted: Set<string> = new Set();

  constructor(options: LocalStorageEvictionOptions) {
    this.#options = options;
  }

  /** Looks again and again until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#options.clock.sleep(lookEveryMs, signal).catch(() => undefined);
      if (!signal.aborted) await this.look(signal);
    }
  }

  /** Looks at all pods once; one that cannot be measured is logged and left alone. */
  async look(signal: AbortSignal): Promise<void> {
    const pods = this.#options.pods.list();
    this.#evicted = this.#evicted.intersection(new Set(pods.map(uidOf)));
    for (const pod of pods) {
      if (signal.aborted) return;
      if (isCriticalPod(pod) || isPodTerminal(pod) || this.#evicted.has(uidOf(pod))) continue;
      try {
        await this.#lookAt(pod, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#options.logger.warn("Cannot measure what a pod stores", {
          podUid: uidOf(pod),
          error: errorMessage(error),
        });
      }
    }
  }

  async #lookAt(pod: Pod, signal: AbortSignal): Promise<void> {
    const limits = localStorageLimits(pod);
    if (limits === undefined) return;
    const exceeded = exceededLimit(limits, await this.#measure(pod, limits, signal));
    if (exceeded === undefined) return;
    const { pods, events, evictions } = this.#options;
    const { signal: name, message } = exceeded;
    const outcome: PodTermination["outcome"] = { phase: "Failed", reason, message };
    if (!pods.terminate(uidOf(pod), { cause: "evicted", gracePeriodMs, outcome })) return;
    this.#evicted.add(uidOf(pod));
    events.event({ kind: "Pod", pod }, { type: "Warning", reason, message });
    evictions.evicted(name);
  }

  async #measure(pod: Pod, limits: LocalStorageLimits, signal: AbortSignal): Promise<LocalStorageUsage> {
    const { volumes, podLogsDirectory } = this.#options;
    const counted = limits.pod === undefined ? [] : countedVolumes(pod);
    const names = new Set([...limits.volumes.keys(), ...counted]);
    const usedByVolumes = await volumes.volumeUsage(uidOf(pod), names, { signal });
    const usage = { volumes: usedByVolumes, containers: new Map<string, number>(), podBytes: 0 };
    if (limits.pod === undefined) return usage;
    const { namespace = "", name = "" } = pod.metadata ?? {};
    const logs = podLogDirectory(podLogsDirectory, { namespace, name, uid: uidOf(pod) });
    for (const container of limits.containers.keys())
      usage.containers.set(container, (await measureUsage(join(logs, segment(container)), { signal })).bytes);
    const { bytes } = await measureUsage(logs, { signal });
    usage.podBytes = counted.reduce((sum, volume) => sum + (usedByVolumes.get(volume) ?? 0), bytes);
    return usage;
  }
}

function uidOf(pod: Pod): string {
  return pod.metadata?.uid ?? "";
}
