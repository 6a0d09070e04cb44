import { type Clock, errorMessage, type Logger, runTogether } from "@wherry/base";
import type { ContainerState, Runtime } from "@wherry/runtime";
import type { HealthTerm } from "../provider/node-details.ts";

export interface RuntimeWatchOptions {
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often everything is listed in case an event was lost. */
  readonly relistIntervalMs: number;
  /** What pods believe of their sandboxes and containers: it is what a listing is compared with. */
  readonly believed: () => Iterable<Believed>;
  /** Something happened to a container, or (without an ID) to anything of the pod. Cheap. */
  readonly notify: (podUid: string, type: string, containerId: string | undefined) => void;
  /** Anything may have happened to any pod. */
  readonly notifyAll: () => void;
}

/** What a pod holds to be so of one of its containers, or of a sandbox, which is `running` or has `exited`. */
export interface Believed {
  readonly podUid: string;
  readonly id: string;
  readonly state: ContainerState;
}

/** After this long without a listing the node is unhealthy, as upstream's PLEG. */
const unhealthyAfterMs = 180_000;

/**
 * Tells pods of what happens to them in the runtime: by its events, and by a slow listing that finds what events did not say, also of
 * what came and went between two listings.
 */
export class RuntimeWatch {
  readonly #options: RuntimeWatchOptions;
  #listedAtMs: number;

  constructor(options: RuntimeWatchOptions) {
    this.#options = options;
    this.#listedAtMs = options.clock.monotonic();
  }

  health(): HealthTerm {
    const silentMs = this.#options.clock.monotonic() - this.#listedAtMs;
    const healthy = silentMs < unhealthyAfterMs;
    const message = healthy
      ? "runtime answers"
      : `runtime has not listed its containers for ${Math.round(silentMs / 1000)} s; at most ${unhealthyAfterMs / 1000} s are allowed`;
    return { name: "runtime-watch", healthy, message };
  }

  run(signal: AbortSignal): Promise<void> {
    return runTogether(signal, [(child) => this.#follow(child), (child) => this.#relist(child)]);
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { runtime, notify, notifyAll, clock, logger } = this.#options;
    while (!signal.aborted) {
      try {
        for await (const event of runtime.events({ signal })) {
          if (event.type === "overflow") notifyAll();
          else notify(event.podUid, event.type, event.containerId);
        }
        if (!signal.aborted) logger.warn("Runtime ended its events, asking again");
      } catch (error) {
        if (signal.aborted) return;
        logger.warn("Runtime events failed, asking again", { error: errorMessage(error) });
      }
      if (signal.aborted) return;
      await clock.sleep(1000, signal);
      notifyAll();
    }
  }

  async #relist(signal: AbortSignal): Promise<void> {
    const { clock, logger, relistIntervalMs } = this.#options;
    for (;;) {
      await clock.sleep(relistIntervalMs, signal);
      try {
        await this.#compare(signal);
      } catch (error) {
        if (signal.aborted) return;
        logger.warn("Cannot list containers", { error: errorMessage(error) });
      }
    }
  }

  async #compare(signal: AbortSignal): Promise<void> {
    const { runtime, notify, believed, clock } = this.#options;
    const [containers, sandboxes] = await Promise.all([
      runtime.listContainers(undefined, { signal }),
      runtime.listPodSandboxes(undefined, { signal }),
    ]);
    this.#listedAtMs = clock.monotonic();
    const podOf = new Map(sandboxes.map((sandbox) => [sandbox.id, sandbox.metadata.uid]));
    const listed = new Map<string, Believed>();
    for (const { id, sandboxId, state } of containers)
      listed.set(id, { podUid: podOf.get(sandboxId) ?? "", id, state });
    for (const { id, metadata, state } of sandboxes)
      listed.set(id, { podUid: metadata.uid, id, state: state === "ready" ? "running" : "exited" });
    const known = new Map(Array.from(believed(), (one) => [one.id, one]));
    const wrong = new Set<string>();
    for (const { podUid, id, state } of listed.values()) if (known.get(id)?.state !== state) wrong.add(podUid);
    for (const { podUid, id } of known.values()) if (!listed.has(id)) wrong.add(podUid);
    for (const podUid of wrong) notify(podUid, "relist", undefined);
  }
}
