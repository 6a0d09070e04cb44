import { errorMessage, raceAbort } from "@wherry/base";
import { containerFieldPath } from "@wherry/kubernetes";
import { KubeletError } from "../errors.ts";
import { GraceDeadline } from "./grace-deadline.ts";
import type { ContainerStop } from "./pod-actions.ts";
import { hookSubject, type PodContext } from "./pod-context.ts";
import type { Instance } from "./pod-facts.ts";

/** What a stop has to know of an instance. */
export interface StopTarget extends Pick<Instance, "name" | "runtimeId" | "state"> {
  /** Of the `Killing` event. */
  readonly message: string;
}

/** What every container is given to stop, also where its grace period is shorter or used up by then, as upstream's. */
const minStopMs = 2000;
/** Time a runtime has for a stop beyond the grace period before it is asked again, as upstream gives it. */
const stopAllowanceMs = 120_000;

/** Stops one container of a pod that goes on, and takes its end into the facts. */
export async function killContainer(
  context: PodContext,
  stop: Pick<ContainerStop, "message" | "gracePeriodSeconds"> & {
    readonly instance: Pick<Instance, "name" | "runtimeId" | "state">;
  },
  signal: AbortSignal,
): Promise<void> {
  const { instance, message, gracePeriodSeconds } = stop;
  const seconds = gracePeriodSeconds ?? context.spec.terminationGracePeriodSeconds ?? 30;
  const deadline = new GraceDeadline(context.handle.clock, seconds * 1000);
  try {
    const { name, runtimeId, state } = instance;
    tellKilling(context, { name, runtimeId, state, message });
    await runPreStop(context, instance, deadline, signal);
    await stopWithin(context, runtimeId, deadline, signal);
  } finally {
    deadline.end();
    context.staleContainers.add(instance.runtimeId);
  }
  await context.refresh(signal);
}

/** Stops one container by the deadline: hook, then its `turn`, then the stop signal. */
export async function stopContainer(
  context: PodContext,
  target: StopTarget,
  deadline: GraceDeadline,
  signal: AbortSignal,
  turn?: Promise<unknown>,
): Promise<void> {
  tellKilling(context, target);
  await runPreStop(context, target, deadline, signal);
  if (turn !== undefined) await waitForTurn(turn, deadline, signal);
  await stopWithin(context, target.runtimeId, deadline, signal);
}

function tellKilling(context: PodContext, { name, state, message }: StopTarget): void {
  if (state !== "running") return;
  const fieldPath = containerFieldPath(context.spec, name);
  context.event({ type: "Normal", reason: "Killing", message, fieldPath });
}

/** Runs the hook where the container has one. Once through it is not run again for an instance, whatever follows. */
async function runPreStop(
  context: PodContext,
  { name, runtimeId, state }: Pick<Instance, "name" | "runtimeId" | "state">,
  deadline: GraceDeadline,
  signal: AbortSignal,
): Promise<void> {
  const { shared, preStopped, handle } = context;
  const container = context.container(name);
  const hook = container?.lifecycle?.preStop;
  if (container === undefined || hook === undefined || state !== "running") return;
  if (preStopped.has(runtimeId) || deadline.remainingMs === 0) return;
  const until = AbortSignal.any([signal, deadline.expired]);
  const subject = hookSubject(context, container, runtimeId);
  try {
    await raceAbort(shared.hooks.run(hook, subject, until), until);
  } catch (error) {
    signal.throwIfAborted();
    const late = deadline.expired.aborted;
    handle.logger.warn("preStop hook did not end well", { container: name, late, error: errorMessage(error) });
    // A command that is cut off has failed, as upstream sees it; a sleep has only ended. What went wrong may hold what the hook was
    // told in confidence.
    if (!late || hook.exec !== undefined)
      subject.event({ type: "Warning", reason: "FailedPreStopHook", message: "PreStopHook failed" });
  }
  preStopped.add(runtimeId);
}

/** Waits for those that must have stopped before, but not beyond the deadline. */
async function waitForTurn(turn: Promise<unknown>, deadline: GraceDeadline, signal: AbortSignal): Promise<void> {
  try {
    await raceAbort(turn, AbortSignal.any([signal, deadline.expired]));
  } catch (error) {
    signal.throwIfAborted();
    if (!deadline.expired.aborted) throw error;
  }
}

/** Stops a container by the deadline, though not sooner than it may take, and asks again with less time when the deadline comes closer. */
async function stopWithin(
  context: PodContext,
  id: string,
  deadline: GraceDeadline,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = context.handle;
  const leastUntilMs = clock.monotonic() + minStopMs;
  for (;;) {
    const late = new AbortController();
    const attempt = AbortSignal.any([signal, deadline.shortened, late.signal]);
    const remainingMs = Math.max(deadline.remainingMs, leastUntilMs - clock.monotonic());
    const cancelLate = clock.setTimer(remainingMs + stopAllowanceMs, () =>
      late.abort(new KubeletError("StopTimeout", `Cannot stop container "${id}": the runtime does not answer`)),
    );
    try {
      // A runtime that ignores the signal must not hold the pod up.
      const stop = context.options.runtime.stopContainer(id, remainingMs, { signal: attempt });
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
