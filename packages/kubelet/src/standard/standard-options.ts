import type { Clock, Logger } from "@wherry/base";
import type { Runtime } from "@wherry/runtime";
import type { ContainerActions } from "../actions/container-actions.ts";
import type { ImageAccess } from "../images/image-access.ts";
import type { ImageGarbageCollectorOptions } from "../images/image-garbage-collector.ts";
import type { PullSecrets } from "../objects/pull-secrets.ts";
import type { EnvironmentResolver } from "../ports/environment.ts";
import type { EventRecorder } from "../ports/event-recorder.ts";
import type { LogFiles } from "../ports/log-files.ts";
import type { ObjectCache } from "../ports/object-cache.ts";
import type { RuntimeClasses } from "../ports/runtime-classes.ts";
import type { VolumeManager } from "../ports/volume-manager.ts";
import type { TerminationLogs } from "../volumes/termination-log.ts";
import type { NodeUser } from "./container-user.ts";

/** What the standard provider stands on: a `Runtime`, the services of the kubelet, and delays and limits. */
export interface StandardProviderOptions {
  readonly runtime: Runtime;
  readonly volumes: VolumeManager;
  readonly environment: EnvironmentResolver;
  readonly objects: ObjectCache;
  readonly runtimeClasses: RuntimeClasses;
  /** Where it is told that containers of pods which are gone are stopped. @default nowhere */
  readonly events?: EventRecorder | undefined;
  readonly pullSecrets: PullSecrets;
  /** Which pods may use images that are present. @default all */
  readonly imageAccess?: ImageAccess | undefined;
  readonly terminationLogs: TerminationLogs;
  /** @default the node's file system */
  readonly logFiles?: LogFiles | undefined;
  /** Where log directories of pods are made, e.g. `/var/log/pods`. */
  readonly podLogsDirectory: string;
  /** When images that no container uses are removed, and where that is reported. @default never */
  readonly imageGarbage?: Pick<ImageGarbageCollectorOptions, "policy" | "nodeName" | "events"> | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** For the first probes after a restart. @default Math.random */
  readonly random?: (() => number) | undefined;
  /** How probes and hooks reach containers. @default over the node's network, and through the runtime */
  readonly actions?: ContainerActions | undefined;
  /**
   * Whether the runtime can run a second command in a container. Without it pods that have probes or hooks of kind `exec` are
   * refused. @default false
   */
  readonly execSupported?: boolean | undefined;
  /**
   * The user with whose rights every container meets files of the node. Containers that ask for another one and mount a `hostPath`
   * volume wait with `CreateContainerConfigError`. @default unknown: no user that is asked for is the right one
   */
  readonly containerUser?: NodeUser | undefined;
  /** Label `kubernetes.io/arch` and `nodeInfo.architecture`. @default "wasm32-wasi" */
  readonly architecture?: string | undefined;
  /** Taints the node registers with. @default none */
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[] | undefined;
  /** Image pulls under way at the same time. @default 5 */
  readonly maxParallelPulls?: number | undefined;
  /** Longest delay between restarts of a container (`crashLoopBackOff.maxContainerRestartPeriod`). @default 300_000 */
  readonly maxRestartDelayMs?: number | undefined;
  /** Longest delay between pulls of an image. @default 300_000 */
  readonly maxPullDelayMs?: number | undefined;
  /** How often everything is listed in case an event was lost. @default 10_000 */
  readonly relistIntervalMs?: number | undefined;
  /** Parent group of the pods' control groups, e.g. `/wherry`; unset where the node may not make groups. */
  readonly cgroupRoot?: string | undefined;
}

/** Delays and limits that follow from the options. */
export interface ResolvedDelays {
  readonly restart: { readonly initialMs: number; readonly maxMs: number };
  readonly pull: { readonly initialMs: number; readonly maxMs: number };
}

const initialDelayMs = 10_000;

/** A largest delay below 10 s is the first one too, as KEP-4603 has it. */
export function resolveDelays(options: StandardProviderOptions): ResolvedDelays {
  const restartMax = options.maxRestartDelayMs ?? 300_000;
  const pullMax = options.maxPullDelayMs ?? 300_000;
  return {
    restart: { initialMs: Math.min(initialDelayMs, restartMax), maxMs: restartMax },
    pull: { initialMs: Math.min(initialDelayMs, pullMax), maxMs: pullMax },
  };
}
