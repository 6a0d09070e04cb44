import { constants } from "node:os";
import { type Clock, errorCode } from "@wherry/base";
import type { GuestExit, Sandbox } from "@wherry/engine";
import { RuntimeError } from "../errors.ts";
import type { CallOptions } from "../runtime.ts";
import { runtimeErrorFrom } from "./engine-errors.ts";
import { settledWithin } from "./settled-within.ts";

const killTimeoutMs = 5000;

/**
 * Sends a container's guest its stop signal, kills it after `timeoutMs` (0 at once), and answers how it ended.
 *
 * Rejects with `RuntimeError` of code `DeadlineExceeded` when it did not end of being killed.
 */
export async function stopGuest(
  clock: Clock,
  sandbox: Sandbox,
  containerId: string,
  stopSignal: number,
  timeoutMs: number,
  options: CallOptions,
): Promise<GuestExit> {
  const exit = sandbox.waitGuest(containerId, { signal: options.signal });
  exit.catch(() => undefined);
  if (timeoutMs > 0) {
    await kill(sandbox, containerId, stopSignal);
    const ended = await settledWithin(clock, exit, timeoutMs, options.signal);
    if (ended !== undefined) return ended;
  }
  await kill(sandbox, containerId, constants.signals.SIGKILL);
  const killed = await settledWithin(clock, exit, killTimeoutMs, options.signal);
  if (killed !== undefined) return killed;
  throw new RuntimeError(
    "DeadlineExceeded",
    `Cannot stop container "${containerId}": it did not end within ${killTimeoutMs} ms of SIGKILL`,
    { retryable: true },
  );
}

async function kill(sandbox: Sandbox, containerId: string, signal: number): Promise<void> {
  try {
    await sandbox.killGuest(containerId, signal);
  } catch (error) {
    // It ended by itself a moment ago, and the exit is on its way; or an image wants a signal that guests cannot be sent, such as SIGSTOP,
    // which ends nothing: its time runs out all the same.
    if (errorCode(error) === "NotFound" || errorCode(error) === "Unimplemented") return;
    throw runtimeErrorFrom(`stop container "${containerId}"`, error);
  }
}
