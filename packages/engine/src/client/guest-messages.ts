import { type engineService, RpcError } from "@wherry/rpc";
import type { GuestExit, GuestExitReason, GuestPhase, GuestState, GuestStats } from "../guest.ts";
import { type MetricsMessage, metricsMessage, metricsType } from "../protocol/guests.ts";

const reasons: readonly GuestExitReason[] = ["Completed", "Error", "OOMKilled", "StartError", "ContainerStatusUnknown"];
const phases: readonly GuestPhase[] = ["created", "running", "exited"];

export function exitFromMessage(message: engineService.GuestExit): GuestExit {
  const reason = reasons.find((known) => known === message.reason);
  if (reason === undefined) throw new RpcError("Internal", `Host answered unknown exit reason "${message.reason}"`);
  return {
    exitCode: message.exitCode,
    reason,
    message: message.message,
    startedAtMs: Number(message.startedAtMs),
    finishedAtMs: Number(message.finishedAtMs),
  };
}

export function stateFromMessage(message: engineService.GuestState): GuestState {
  const state = phases.find((known) => known === message.state);
  if (state === undefined) throw new RpcError("Internal", `Host answered unknown guest state "${message.state}"`);
  const memoryLimitBytes = Number(message.spec?.memoryLimitBytes ?? 0n);
  return {
    id: message.id,
    state,
    ...(message.startedAtMs === 0n ? {} : { startedAtMs: Number(message.startedAtMs) }),
    ...(message.exit === undefined ? {} : { exit: exitFromMessage(message.exit) }),
    spec: {
      modulePath: message.spec?.modulePath ?? "",
      logPath: message.spec?.logPath ?? "",
      ...(memoryLimitBytes === 0 ? {} : { memoryLimitBytes }),
      stdin: message.spec?.stdin ?? false,
      stdinOnce: message.spec?.stdinOnce ?? false,
    },
    logBytesDropped: Number(message.logBytesDropped),
  };
}

/** The metrics in the `Any` of a Stats answer. */
export function statsFromAny(any: { typeUrl: string; value: Uint8Array } | undefined): GuestStats {
  if (any?.typeUrl !== metricsType) {
    throw new RpcError("Internal", `Host answered metrics "${any?.typeUrl ?? ""}", expected "${metricsType}"`);
  }
  const metrics: MetricsMessage = metricsMessage.decode(any.value);
  return {
    timeMs: Number(metrics.timeMs),
    cpuUsageNanoseconds: Number(metrics.cpuUsageNanoseconds),
    memoryUsageBytes: Number(metrics.memoryUsageBytes),
    memoryWorkingSetBytes: Number(metrics.memoryWorkingSetBytes),
  };
}
