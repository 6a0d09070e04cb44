import { type Handler, type Handlers, RpcError, type WireAny, type WireMessage } from "@wherry/rpc/ttrpc";
import type { GuestSpec } from "../guest.ts";
import { processUsage } from "../platform/process-usage.ts";
import { guestSpecFromMessage } from "../protocol/guest-spec-message.ts";
import { guestSpecMessage, guestSpecType, metricsMessage, metricsType, protocolVersion } from "../protocol/guests.ts";
import * as task from "../protocol/task.ts";
import type { HostedGuest } from "./guest.ts";
import type { GuestHost } from "./guest-host.ts";

/**
 * The shim's task service for the guest of a host, which is the host process itself.
 *
 * @param shutdown ends the process soon after the answer is sent
 */
export function taskHandlers(host: GuestHost, shutdown: () => void): Handlers {
  const methods: Record<string, Handler> = {
    Create: handler(task.createTaskRequest, task.createTaskResponse, (request) => {
      host.create(specOf(request), request.bundle);
      return { pid: host.pid };
    }),
    Start: handler(task.startRequest, task.startResponse, async (request) => {
      await find(host, request).start();
      return { pid: host.pid };
    }),
    Wait: handler(task.waitRequest, task.waitResponse, async (request) => {
      const exit = await find(host, request).exited;
      return { exitStatus: exit.exitCode, exitedAt: task.timestampFromMs(exit.finishedAtMs) };
    }),
    Delete: handler(task.deleteRequest, task.deleteResponse, (request) => {
      const guest = find(host, request);
      if (guest.state().state === "running") {
        throw new RpcError("FailedPrecondition", `Cannot delete guest "${request.id}": it is running`);
      }
      if (guest.state().state === "created") guest.kill(9);
      const { exit } = guest.state();
      const exitedAt = task.timestampFromMs(exit?.finishedAtMs ?? 0);
      return { pid: host.pid, exitStatus: exit?.exitCode ?? 0, exitedAt };
    }),
    State: handler(task.stateRequest, task.stateResponse, (request) => stateOf(host, find(host, request))),
    Kill: emptyHandler(task.killRequest, (request) => find(host, request).kill(request.signal)),
    CloseIO: emptyHandler(task.closeIORequest, (request) => {
      if (request.stdin) find(host, request).sessions.closeInput();
    }),
    Pids: handler(task.pidsRequest, task.pidsResponse, ({ id }) => {
      host.find(id);
      return { processes: [{ pid: host.pid, info: undefined }] };
    }),
    Stats: handler(task.statsRequest, task.statsResponse, ({ id }) => {
      host.find(id);
      return { stats: metricsOf(host.pid) };
    }),
    Update: emptyHandler(task.updateTaskRequest, ({ id, resources }) => {
      host.find(id);
      throw new RpcError(
        "Unimplemented",
        `Cannot update guest "${id}" with "${resources?.typeUrl ?? ""}": limits of a running guest are its cgroup's`,
      );
    }),
    Connect: handler(task.connectRequest, task.connectResponse, () => ({
      shimPid: host.pid,
      taskPid: host.pid,
      version: String(protocolVersion),
    })),
    Shutdown: emptyHandler(task.shutdownRequest, ({ now }) => {
      const { guest } = host;
      if (guest !== undefined && guest.state().state !== "exited") {
        if (!now) return;
        guest.kill(9);
      }
      shutdown();
    }),
  };
  return { [task.taskServiceName]: methods };
}

/** A handler that decodes its request and encodes its answer. */
export function handler<Request extends object, Response extends object>(
  request: WireMessage<Request>,
  response: WireMessage<Response>,
  answer: (request: Request, signal: AbortSignal) => Promise<Partial<Response>> | Partial<Response>,
): Handler {
  return async (payload, { signal }) => response.encode(await answer(request.decode(payload), signal));
}

/** A handler with nothing to answer. */
export function emptyHandler<Request extends object>(
  request: WireMessage<Request>,
  act: (request: Request, signal: AbortSignal) => Promise<void> | void,
): Handler {
  return async (payload, { signal }) => {
    await act(request.decode(payload), signal);
    return task.empty;
  };
}

function find(host: GuestHost, { id, execId }: task.ProcessRequest): HostedGuest {
  const guest = host.find(id);
  if (execId === "") return guest;
  throw new RpcError("NotFound", `There is no process "${execId}" in guest "${id}": guests have one process`);
}

function specOf(request: task.CreateTaskRequest): GuestSpec {
  const { id, options, rootfs, terminal } = request;
  if (options?.typeUrl !== guestSpecType) {
    throw new RpcError(
      "InvalidArgument",
      `Cannot create guest "${id}": options are "${options?.typeUrl ?? ""}", expected "${guestSpecType}"`,
    );
  }
  if (terminal) throw new RpcError("Unimplemented", `Cannot create guest "${id}": guests have no terminal`);
  if (rootfs.length > 0) {
    throw new RpcError("Unimplemented", `Cannot create guest "${id}": mounts are given in its options, not as rootfs`);
  }
  return guestSpecFromMessage(id, guestSpecMessage.decode(options.value));
}

function stateOf(host: GuestHost, guest: HostedGuest): Partial<task.StateResponse> {
  const { id, state, exit } = guest.state();
  const status = state === "exited" ? task.taskStatuses.stopped : task.taskStatuses[state];
  return {
    id,
    pid: host.pid,
    status,
    exitStatus: exit?.exitCode ?? 0,
    exitedAt: task.timestampFromMs(exit?.finishedAtMs ?? 0),
  };
}

function metricsOf(pid: number): WireAny {
  const usage = processUsage(pid) ?? { cpuNanoseconds: 0, memoryBytes: 0 };
  const value = metricsMessage.encode({
    timeMs: BigInt(Date.now()),
    cpuUsageNanoseconds: BigInt(usage.cpuNanoseconds),
    memoryUsageBytes: BigInt(usage.memoryBytes),
    memoryWorkingSetBytes: BigInt(usage.memoryBytes),
  });
  return { typeUrl: metricsType, value };
}
