import type { Runtime } from "@wherry/runtime";
import type { ContainerActions } from "./container-actions.ts";
import { tcpConnect } from "./dial.ts";
import { execCommand } from "./exec-command.ts";
import { grpcHealth } from "./grpc-health.ts";
import { httpGet } from "./http-get.ts";

/** Reaches containers over the node's network, and with commands through the runtime. */
export function createContainerActions(runtime: Pick<Runtime, "execSync">): ContainerActions {
  return {
    httpGet,
    tcpConnect,
    grpcHealth,
    exec: (containerId, command, options) => execCommand(runtime, containerId, command, options),
  };
}
