import { abortReason } from "@wherry/base";
import { type ContainerStatus, findContainerStatus } from "@wherry/kubernetes";
import type { ContainerLog, LogRefusal } from "../ports/log-source.ts";
import type { PodContext } from "./pod-context.ts";
import type { Instance } from "./pod-facts.ts";

/** Reasons that upstream puts into words; others stand for themselves. */
const waitingTexts: Readonly<Record<string, string>> = {
  ErrImagePull: "image can't be pulled",
  ImagePullBackOff: "trying and failing to pull image",
};

/** Log of a container's newest instance, or of the one before; refusals read as upstream's. */
export function containerLog(
  context: PodContext | undefined,
  container: string,
  previous: boolean,
): ContainerLog | LogRefusal {
  const podName = JSON.stringify(context?.pod.metadata?.name ?? "");
  const name = JSON.stringify(container);
  if (context === undefined || !isKnown(context, container))
    return { status: 404, message: `container ${name} in pod ${podName} is not available` };
  const started = context.facts.of(container).filter(({ state }) => state !== "created");
  if (previous) {
    const ended = started.filter(({ state }) => state !== "running");
    const instance =
      started[0]?.state === "running" ? ended[0] : (ended[1] ?? waitingFor(context, container, ended[0]));
    if (instance !== undefined) return logOf(context, instance);
    const message =
      statusOf(context, container) === undefined
        ? `container ${name} in pod ${podName} is not available`
        : `previous terminated container ${name} in pod ${podName} not found`;
    return { status: 400, message };
  }
  const [instance] = started;
  if (instance !== undefined) return logOf(context, instance);
  return { status: 400, message: `container ${name} in pod ${podName} ${whyNoLog(context, container)}` };
}

/** A pod that was refused has none. */
function statusOf({ handle }: PodContext, container: string): ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = handle.status;
  const statuses = [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses];
  return findContainerStatus(statuses, container);
}

/** What the container's status says of a log that is not there. */
function whyNoLog(context: PodContext, container: string): string {
  const status = statusOf(context, container);
  if (status === undefined) return "is not available";
  if (status.state?.terminated !== undefined) return "is terminated";
  const reason = status.state?.waiting?.reason;
  if (reason === undefined) return "is waiting to start - no logs yet";
  return `is waiting to start: ${waitingTexts[reason] ?? reason}`;
}

/** While a container backs off, its ended instance is both the latest and the previous one. */
function waitingFor(context: PodContext, container: string, ended: Instance | undefined): Instance | undefined {
  return context.pending.has(container) ? ended : undefined;
}

function isKnown(context: PodContext, container: string): boolean {
  return context.container(container) !== undefined;
}

function logOf(context: PodContext, instance: Instance): ContainerLog {
  const isRunning = () => context.facts.byRuntimeId(instance.runtimeId)?.state === "running";
  return {
    containerId: instance.runtimeId,
    path: instance.logPath,
    isRunning,
    ended: (signal) =>
      new Promise((resolve, reject) => {
        const end = () => {
          stop();
          signal.removeEventListener("abort", onAbort);
        };
        const onAbort = () => {
          end();
          reject(abortReason(signal));
        };
        const check = () => {
          if (isRunning()) return;
          end();
          resolve();
        };
        const stop = context.onFacts(check);
        if (signal.aborted) return onAbort();
        signal.addEventListener("abort", onAbort, { once: true });
        check();
      }),
  };
}

/** Log files now written to. */
export function activeLogs(context: PodContext): { readonly containerId: string; readonly path: string }[] {
  return context.facts.instances
    .filter(({ state }) => state === "running")
    .map(({ runtimeId, logPath }) => ({ containerId: runtimeId, path: logPath }));
}
