import { join } from "node:path";
import type { EngineOptions } from "@wherry/engine";

/** Options for an engine that runs its sandboxes from source. */
export function engineOptions(directory: string): EngineOptions {
  return {
    stateDirectory: join(directory, "state"),
    nodeExecutable: process.execPath,
    nodeArguments: ["--conditions=@wherry/source"],
    poolSize: 0,
  };
}
