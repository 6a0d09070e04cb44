import { RuntimeError } from "../errors.ts";
import type { PodSandboxConfig } from "../sandbox.ts";

/** Runtime handlers of this runtime: the default is `wherry`. */
export const handlerNames: readonly string[] = ["", "wherry"];

/** A pod's name as errors show it. */
export function podName(config: Pick<PodSandboxConfig, "metadata">): string {
  return `${config.metadata.namespace}/${config.metadata.name}`;
}

/** Throws `RuntimeError` of code `InvalidArgument` for a sandbox that WebAssembly pods cannot have. */
export function checkSandbox(config: PodSandboxConfig): void {
  const refuse = (what: string) =>
    new RuntimeError("InvalidArgument", `Cannot run sandbox of pod "${podName(config)}": ${what}`);
  if (!handlerNames.includes(config.runtimeHandler))
    throw refuse(`runtime handler is "${config.runtimeHandler}", this runtime has "wherry"`);
  const port = config.portMappings.find(({ hostPort, protocol }) => hostPort !== 0 && protocol !== "TCP");
  if (port !== undefined)
    throw refuse(`hostPort ${port.hostPort} is for ${port.protocol}, a WebAssembly guest listens on TCP only`);
}
