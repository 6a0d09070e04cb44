import { type Clock, raceAbort } from "@wherry/base";
import { containerFieldPath, isRestartableInitContainer } from "@wherry/kubernetes";
import { KubeletError } from "../errors.ts";
import type { PodContext } from "./pod-context.ts";
import type { Instance } from "./pod-facts.ts";

/** Stops one container for good, with the pod's grace period, and takes its end into the facts. */
export async function killContainer(
  context: PodContext,
  instance: Instance,
  message: string,
  signal: AbortSignal,
): Promise<void> {
  const fieldPath = containerFieldPath(context.spec, instance.name);
  context.event({ type: "Normal", reason: "Killing", message, fieldPath });
  const graceMs = (context.spec.terminationGracePeriodSeconds ?? 30) * 1000;
  await context.options.runtime.stopContainer(instance.runtimeId, graceMs, { signal });
  context.staleContainers.add(instance.runtimeId);
  await context.refresh(signal);
}

/**
 * Stops every container of the pod: all but sidecars together, then sidecars in reverse order, all within one grace period that a
 * later deletion may shorten.
 */
export async function stopContainers(context: PodContext, signal: AbortSignal): Promise<void> {
  const deadline = new GraceDeadline(context);
  try {
    const sidecars = (context.spec.initContainers ?? []).filter(isRestartableInitContainer).map(({ name }) => name);
    const mayRun = context.facts.instances.filter(({ state }) => state === "running" || state === "unknown");
    const first = mayRun.filter(({ name }) => !sidecars.includes(name));
    await stopTogether(context, first, deadline, signal);
    for (const sidecar of sidecars.reverse())
      await stopTogether(
        context,
        mayRun.filter(({ name }) => name === sidecar),
        deadline,
        signal,
      );
  } finally {
    deadline.end();
  }
}

async function stopTogether(
  context: PodContext,
  instances: readonly Instance[],
  deadline: GraceDeadline,
  signal: AbortSignal,
): Promise<void> {
  const results = await Promise.allSettled(
    instances.map((instance) => {
      if (instance.state === "running") {
        const fieldPath = containerFieldPath(context.spec, instance.name);
        context.event({ type: "Normal", reason: "Killing", message: `Stopping container ${instance.name}`, fieldPath });
      }
      return stopWithin(context, instance.runtimeId, deadline, signal);
    }),
  );
  for (const { runtimeId } of instances) context.staleContainers.add(runtimeId);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

/** Time a runtime has for a stop beyond the grace period before it is asked again, as upstream gives it. */
const stopAllowanceMs = 120_000;

/** Stops a container by the deadline, and asks again with less time whenever the deadline comes closer. */
async function stopWithin(
  context: PodContext,
  id: string,
  deadline: GraceDeadline,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = context.handle;
  for (;;) {
    const late = new AbortController();
    const attempt = AbortSignal.any([signal, deadline.shortened, late.signal]);
    const cancelLate = clock.setTimer(deadline.remainingMs + stopAllowanceMs, () =>
      late.abort(new KubeletError("StopTimeout", `Cannot stop container "${id}": the runtime does not answer`)),
    );
    try {
      // A runtime that ignores the signal must not hold the pod up.
      const stop = context.options.runtime.stopContainer(id, deadline.remainingMs, { signal: attempt });
      return await raceAbort(stop, attempt);
    } catch (error) {
      signal.throwIfAborted();
      if (late.signal.aborted) throw late.signal.reason;
      if (!attempt.aborted) throw error;
    } finally {
      cancelLate();
    }
  }
}

/** The end of a pod's grace period; `shortened` aborts when it comes closer, and is then another one. */
class GraceDeadline {
  readonly #clock: Clock;
  readonly #context: PodContext;
  readonly #startMs: number;
  readonly #end: () => void;
  #graceMs: number;
  #shortened: AbortController = new AbortController();

  constructor(context: PodContext) {
    this.#context = context;
    this.#clock = context.handle.clock;
    this.#startMs = this.#clock.monotonic();
    this.#graceMs = this.#wantedMs();
    this.#end = context.handle.onChange(() => this.#check());
  }

  get remainingMs(): number {
    return Math.max(0, this.#startMs + this.#graceMs - this.#clock.monotonic());
  }

  get shortened(): AbortSignal {
    return this.#shortened.signal;
  }

  end(): void {
    this.#end();
  }

  #check(): void {
    const wantedMs = this.#wantedMs();
    if (wantedMs >= this.#graceMs) return;
    this.#graceMs = wantedMs;
    const before = this.#shortened;
    this.#shortened = new AbortController();
    before.abort();
  }

  #wantedMs(): number {
    const { termination, pod } = this.#context.handle;
    return termination?.gracePeriodMs ?? (pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000;
  }
}
