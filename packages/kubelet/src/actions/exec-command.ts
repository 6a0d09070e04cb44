import { errorCode, errorMessage, raceAbort } from "@wherry/base";
import type { Runtime } from "@wherry/runtime";
import { ActionError } from "../errors.ts";
import type { ActionOptions, CommandResult } from "./container-actions.ts";

/** Beyond this what a command prints is cut, as upstream cuts it. */
const maxOutputBytes = 10 * 1024;

/**
 * Runs a command in a container to its end; any exit code resolves.
 *
 * @throws ActionError `Timeout` when it took longer, `Invalid` when the runtime could not run it
 */
export async function execCommand(
  runtime: Pick<Runtime, "execSync">,
  containerId: string,
  command: readonly string[],
  { timeoutMs = 0, signal }: ActionOptions,
): Promise<CommandResult> {
  try {
    // A runtime that ignores the signal must not hold up the probes that follow.
    const running = runtime.execSync(containerId, command, timeoutMs, { signal, maxOutputBytes });
    const result = raceAbort(running, signal);
    const { stdout, stderr, exitCode } = await result;
    const output = Buffer.concat([stdout, stderr]).subarray(0, maxOutputBytes).toString("utf8");
    return { exitCode, output };
  } catch (error) {
    if (!signal.aborted && errorCode(error) !== "DeadlineExceeded")
      throw new ActionError("Invalid", errorMessage(error), { cause: error });
    const words = command.join(" ");
    throw new ActionError(
      "Timeout",
      `command timed out: ${JSON.stringify(words)} timed out after ${timeoutMs / 1000}s`,
      {
        cause: error,
      },
    );
  }
}
