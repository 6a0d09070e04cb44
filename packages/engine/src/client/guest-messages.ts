import { type engineService, RpcError } from "@wherry/rpc";
import type { GuestExit, GuestExitReason } from "../guest.ts";

const reasons: readonly GuestExitReason[] = ["Completed", "Error", "OOMKilled", "StartError", "ContainerStatusUnknown"];

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
