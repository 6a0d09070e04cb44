import { errorCode, errorMessage } from "@wherry/base";
import {
  describeResize,
  findPodCondition,
  type PodAllocation,
  type PodCondition,
  podAllocation,
  sameResizable,
} from "@wherry/kubernetes";
import type { PodContext } from "./pod-context.ts";
import { type ResourceUpdate, resizeNeedsRestart, resourceUpdates } from "./resize-actions.ts";

/** As upstream waits before it looks at a pod again whose work failed. */
const retryMs = 10_000;

interface Progress {
  /** Of the spec that was granted. */
  readonly generation: number | undefined;
  readonly error?: string | undefined;
  /** When what failed is tried again; infinite where that cannot help. */
  readonly retryAtMs?: number | undefined;
}

/** How far a pod's running containers have what the node has given them. */
export class PodResize {
  readonly #context: PodContext;
  #seen: PodAllocation;
  #progress: Progress | undefined;

  constructor(context: PodContext) {
    this.#context = context;
    this.#seen = podAllocation(context.spec);
    // Of an earlier life of the kubelet; its end is still to be told.
    const published = findPodCondition(context.handle.status, "PodResizeInProgress");
    if (published !== undefined) this.#progress = { generation: published.observedGeneration };
  }

  /** Compares what the pod was given with what it was given before; true where a resize begins, even over one under way. */
  noticeAllocation(): boolean {
    const now = podAllocation(this.#context.spec);
    const names = [...new Set([...Object.keys(this.#seen), ...Object.keys(now)])];
    const same = names.every((name) => sameResizable(this.#seen[name], now[name]));
    this.#seen = now;
    if (same) return false;
    this.#progress = { generation: this.#generation };
    return true;
  }

  /** The calls to make now. Begins a resize that an earlier kubelet left undone, and ends one that has come to its end. */
  updates(): readonly ResourceUpdate[] {
    const { spec, facts, handle } = this.#context;
    const instancesOf = (name: string) => facts.of(name);
    const updates = resourceUpdates(spec, instancesOf);
    const restarting = [...(spec.initContainers ?? []), ...spec.containers].some((container) => {
      const [instance] = instancesOf(container.name);
      return instance?.state === "running" && resizeNeedsRestart(container, instance);
    });
    if (updates.length > 0 || restarting) this.#progress ??= { generation: this.#generation };
    else if (this.#progress !== undefined) {
      const message = `Pod resize completed: ${describeResize(spec, this.#progress.generation)}`;
      this.#progress = undefined;
      this.#context.event({ type: "Normal", reason: "ResizeCompleted", message });
    }
    return (this.#progress?.retryAtMs ?? 0) > handle.clock.now() ? [] : updates;
  }

  /** Makes the calls until one fails, for they build on each other; true where any was made. */
  async perform(updates: readonly ResourceUpdate[], signal: AbortSignal): Promise<boolean> {
    const { options, facts, handle, staleContainers } = this.#context;
    let done = false;
    for (const { instance, resource, resources } of updates) {
      // It ended meanwhile, and starts with the right ones.
      if (facts.byRuntimeId(instance.runtimeId)?.state !== "running") continue;
      try {
        await options.runtime.updateContainerResources(instance.runtimeId, resources, { signal });
      } catch (error) {
        signal.throwIfAborted();
        const message = `Cannot resize ${resource} of container ${instance.name}: ${errorMessage(error)}`;
        handle.logger.warn("Cannot resize a container", { container: instance.name, error: errorMessage(error) });
        const final = errorCode(error) === "Unimplemented";
        const retryAtMs = final ? Number.POSITIVE_INFINITY : handle.clock.now() + retryMs;
        this.#progress = { generation: this.#progress?.generation, error: message, retryAtMs };
        return done;
      } finally {
        staleContainers.add(instance.runtimeId);
      }
      done = true;
    }
    if (done && this.#progress?.error !== undefined) this.#progress = { generation: this.#progress.generation };
    return done;
  }

  /** When a failed call is to be made again; undefined while there is none. */
  get retryAtMs(): number | undefined {
    const at = this.#progress?.retryAtMs;
    return at === undefined || at === Number.POSITIVE_INFINITY ? undefined : at;
  }

  /** `PodResizeInProgress` while there is one. */
  get conditions(): PodCondition[] {
    if (this.#progress === undefined) return [];
    const { generation, error } = this.#progress;
    const failure = error === undefined ? {} : { reason: "Error", message: error };
    return [{ type: "PodResizeInProgress", status: "True", ...failure, observedGeneration: generation }];
  }

  get #generation(): number | undefined {
    return this.#context.pod.metadata?.generation;
  }
}
