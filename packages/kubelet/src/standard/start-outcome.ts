import type { WaitingReason } from "@wherry/kubernetes";

/** Why a container cannot start now, and when to try again. */
export interface StartDelay extends WaitingReason {
  readonly kind: "waiting";
  /** By the clock of who made it; the standard provider's is the monotonic one. */
  readonly retryAtMs: number;
}

/** A container was started; `runtimeId` names the new instance. */
export interface Started {
  readonly kind: "started";
  readonly runtimeId: string;
}

export type StartOutcome = Started | StartDelay;
