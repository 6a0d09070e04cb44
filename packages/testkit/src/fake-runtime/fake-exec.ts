import { type Clock, raceAbort } from "@wherry/base";
import { type ExecSyncResult, RuntimeError } from "@wherry/runtime";
import type { FakeContainer } from "./fake-container.ts";

/** What a command in a container does; one that runs until it is ended never settles. */
export type FakeCommand = (
  container: FakeContainer,
  command: readonly string[],
) => ExecSyncResult | Promise<ExecSyncResult>;

/** Runs a command as `Runtime.execSync` has it: until it ends, its time is over, its container ends, or the caller gives up. */
export async function fakeExec(
  run: FakeCommand,
  clock: Clock,
  container: FakeContainer,
  command: readonly string[],
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<ExecSyncResult> {
  const fail = (code: "InvalidArgument" | "FailedPrecondition" | "DeadlineExceeded", why: string) =>
    new RuntimeError(code, `Cannot execute ${JSON.stringify(command)} in container "${container.id}": ${why}`);
  if (command.length === 0) throw fail("InvalidArgument", "the command is empty");
  if (container.state !== "running") throw fail("FailedPrecondition", `it is ${container.state}, expected running`);
  const over = Promise.withResolvers<never>();
  over.promise.catch(() => undefined);
  const cancel =
    timeoutMs > 0 ? clock.setTimer(timeoutMs, () => over.reject(fail("DeadlineExceeded", "time is over"))) : undefined;
  void container.exited.promise.then(() => over.reject(fail("FailedPrecondition", "it ended")));
  try {
    return await raceAbort(Promise.race([run(container, command), over.promise]), signal);
  } finally {
    cancel?.();
  }
}
