import { errorCode, errorMessage } from "@wherry/base";
import {
  describeResize,
  findPodCondition,
  type PodAllocation,
  type PodCondition,
  podAllocation,
  sameAllocation,
} from "@wherry/kubernetes";
import type { SandboxResources } from "@wherry/runtime";
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

/** How far a pod's sandbox and running containers have what the node has given them. */
export class PodResize {
  readonly #context: PodContext;
  #seen: PodAllocation | undefined;
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
    const same = sameAllocation(this.#seen, now);
    this.#seen = now;
    if (same) return false;
    this.#progress = { generation: this.#generation };
    return true;
  }

  /** The calls to make now. Begins a resize that an earlier kubelet left undone, and ends one that has come to its end. */
  updates(): readonly ResourceUpdate[] {
    const { spec, facts, handle } = this.#context;
    const instancesOf = (name: string) => facts.of(name);
    const updates = resourceUpdates(spec, instancesOf, this.#sandbox);
    const restarting = [...(spec.initContainers ?? []), ...spec.containers].some((container) => {
      const [instance] = instancesOf(container.name);
      return instance?.state === "running" && resizeNeedsRestart(spec, container, instance);
    });
    if (updates.length > 0 || restarting) this.#progress ??= { generation: this.#generation };
    else if (this.#progress !== undefined) {
      const message = `Pod resize completed: ${describeResize(spec, this.#progress.generation)}`;
      this.#progress = undefined;
      this.#context.event({ type: "Normal", reason: "ResizeCompleted", message });
    }
    return (this.#progress?.retryAtMs ?? 0) > handle.clock.monotonic() ? [] : updates;
  }

  /**
   * Makes the calls until one fails, for they build on each other; true where any was made.
   *
   * @param restart replaces the containers that have to start anew, when the sandbox has grown and before it shrinks
   */
  async perform(
    updates: readonly ResourceUpdate[],
    signal: AbortSignal,
    restart: () => Promise<boolean>,
  ): Promise<boolean> {
    const isFirst = (update: ResourceUpdate) => update.kind === "sandbox" && update.grows;
    const grown = await this.#calls(updates.filter(isFirst), signal);
    const restarted = await restart();
    if (grown.failed) return grown.made || restarted;
    const rest = await this.#calls(
      updates.filter((update) => !isFirst(update)),
      signal,
    );
    if (!rest.failed && (grown.made || rest.made) && this.#progress?.error !== undefined)
      this.#progress = { generation: this.#progress.generation };
    return grown.made || restarted || rest.made;
  }

  async #calls(updates: readonly ResourceUpdate[], signal: AbortSignal): Promise<{ made: boolean; failed: boolean }> {
    const { facts, handle, shared } = this.#context;
    const { clock } = handle;
    const sinceMs = clock.monotonic();
    let made = false;
    for (const update of updates) {
      // It ended meanwhile, and starts with the right ones.
      if (update.kind === "container" && facts.byRuntimeId(update.instance.runtimeId)?.state !== "running") continue;
      try {
        await this.#call(update, signal);
      } catch (error) {
        signal.throwIfAborted();
        const subject = update.kind === "container" ? `container ${update.instance.name}` : "the pod";
        const message = `Cannot resize ${update.resource} of ${subject}: ${errorMessage(error)}`;
        handle.logger.warn("Cannot resize a pod", { subject, error: errorMessage(error) });
        const final = errorCode(error) === "Unimplemented";
        this.#failed(message, final ? Number.POSITIVE_INFINITY : clock.monotonic() + retryMs);
        shared.resizeTimes.observe(clock.monotonic() - sinceMs, false);
        return { made, failed: true };
      }
      made = true;
    }
    if (made) shared.resizeTimes.observe(clock.monotonic() - sinceMs, true);
    return { made, failed: false };
  }

  /** Shows the error, and tells it where it is not the one that was told before. */
  #failed(error: string, retryAtMs: number): void {
    const { spec } = this.#context;
    const { generation, error: before } = this.#progress ?? { generation: this.#generation };
    this.#progress = { generation, error, retryAtMs };
    if (error === before) return;
    const message = `Pod resize error: ${describeResize(spec, generation, error)}`;
    this.#context.event({ type: "Warning", reason: "ResizeError", message });
  }

  async #call(update: ResourceUpdate, signal: AbortSignal): Promise<void> {
    const { options, facts, staleContainers } = this.#context;
    const { runtime } = options;
    if (update.kind === "sandbox") {
      await runtime.updatePodSandboxResources(update.sandboxId, update.resources, { signal });
      return facts.addSandbox(update.sandboxId, { signal });
    }
    const { runtimeId } = update.instance;
    try {
      await runtime.updateContainerResources(runtimeId, update.resources, { signal });
    } finally {
      staleContainers.add(runtimeId);
    }
  }

  get #sandbox(): { readonly id: string; readonly resources: SandboxResources } | undefined {
    const { sandbox } = this.#context.facts;
    if (sandbox?.resources === undefined) return undefined;
    return { id: sandbox.id, resources: sandbox.resources };
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
