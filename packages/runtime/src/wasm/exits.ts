import type { GuestExit } from "@wherry/engine";
import type { ContainerRecord } from "./record.ts";

/** The exit to record for a container that vanished without one: exit code 137, as upstream reports lost containers. */
export function lostExit(record: ContainerRecord, nowMs: number): GuestExit {
  return {
    exitCode: 137,
    reason: "ContainerStatusUnknown",
    message: "The container could not be located when the runtime looked for it",
    startedAtMs: record.startedAtMs,
    finishedAtMs: nowMs,
  };
}

/** The exit of a container that was stopped before it ran. */
export function neverStarted(nowMs: number): GuestExit {
  return {
    exitCode: 137,
    reason: "Error",
    message: "The container was stopped before it started",
    startedAtMs: 0,
    finishedAtMs: nowMs,
  };
}
