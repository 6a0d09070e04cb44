import { abortReason, type Clock } from "@wherry/base";
import { type HTTPGetAction, type LifecycleHandler, podTitle } from "@wherry/kubernetes";
import type { ContainerActions } from "../actions/container-actions.ts";
import { httpRequest } from "../actions/http-request.ts";
import { ActionError, actionMessage, HookError } from "../errors.ts";
import type { HookRunner, HookSubject } from "./hook-runner.ts";

/** How hooks reach containers, and the clock that `sleep` goes by. */
export interface HookRunnerOptions {
  readonly actions: ContainerActions;
  readonly clock: Clock;
}

/** Runs lifecycle hooks with upstream's words for what fails; the caller's `signal` is their only limit of time. */
export function createHookRunner(options: HookRunnerOptions): HookRunner {
  return {
    async run(handler, subject, signal) {
      try {
        await runHandler(options, handler, subject, signal);
      } catch (error) {
        if (signal.aborted) throw abortReason(signal);
        const { container, pod } = subject;
        const where = `for Container ${JSON.stringify(container.name)} in Pod ${JSON.stringify(podTitle(pod))}`;
        const message = `${titleOf(handler)} ${where} failed - error: ${actionMessage(error)}`;
        throw new HookError(message, { cause: error });
      }
    },
  };
}

async function runHandler(
  { actions, clock }: HookRunnerOptions,
  handler: LifecycleHandler,
  subject: HookSubject,
  signal: AbortSignal,
): Promise<void> {
  const { exec, httpGet, sleep } = handler;
  if (exec !== undefined) {
    const command = exec.command ?? [];
    const { exitCode, output } = await actions.exec(subject.containerId, command, { signal });
    if (exitCode === 0) return;
    const words = JSON.stringify(command.join(" "));
    throw new ActionError("Failed", `command ${words} exited with ${exitCode}: , message: ${JSON.stringify(output)}`);
  }
  if (httpGet !== undefined) return requestHook(actions, httpGet, subject, signal);
  if (sleep !== undefined) return clock.sleep(Math.max(0, sleep.seconds) * 1000, signal);
  // The API keeps tcpSocket for compatibility only, and says that such a hook fails.
  throw new ActionError("Invalid", `invalid handler, expected exec, httpGet or sleep`);
}

/** Any answer will do. A server that was reached over HTTP before hooks knew HTTPS still is. */
async function requestHook(
  actions: ContainerActions,
  action: HTTPGetAction,
  { container, address, event }: HookSubject,
  signal: AbortSignal,
): Promise<void> {
  const host = action.host || address;
  if (host === undefined) throw new ActionError("Invalid", "failed to find networking container: pod has no address");
  const request = httpRequest(action, container, host, "lifecycle");
  try {
    await actions.httpGet(request, { signal });
  } catch (error) {
    if (!(error instanceof ActionError) || error.code !== "PlainHttp") throw error;
    const url = new URL(request.url.href.replace(/^https:/, "http:"));
    // A URL drops the port that its scheme implies.
    if (request.url.port === "") url.port = "443";
    const headers = request.headers.filter(([name]) => name.toLowerCase() !== "authorization");
    try {
      await actions.httpGet({ url, headers }, { signal });
    } catch {
      throw error;
    }
    event({
      type: "Warning",
      reason: "LifecycleHTTPFallback",
      message: `request to HTTPS lifecycle hook ${url.host} got HTTP response, retry with HTTP succeeded`,
    });
  }
}

function titleOf({ exec, httpGet, sleep }: LifecycleHandler): string {
  if (exec !== undefined) return `Exec lifecycle hook (${JSON.stringify(exec.command ?? [])})`;
  if (httpGet !== undefined) return `HTTP lifecycle hook (${httpGet.path ?? ""})`;
  return sleep !== undefined ? `Sleep lifecycle hook (${sleep.seconds})` : "Lifecycle hook";
}
