import { type Handler, type Handlers, RpcError, type WireAny, type WireMessage } from "@wherry/rpc/ttrpc";
import type { GuestSpec, GuestStats } from "../guest.ts";
import { checkId } from "../guest-record.ts";
import { guestSpecFromMessage } from "../protocol/guest-spec-message.ts";
import { guestSpecMessage, guestSpecType, metricsMessage, metricsType, protocolVersion } from "../protocol/guests.ts";
import * as task from "../protocol/task.ts";
import type { HostedGuest } from "./guest.ts";
import type { HostState } from "./host-state.ts";

export interface TaskHost {
  readonly state: HostState;
  stats(guest: HostedGuest): Promise<GuestStats>;
  /** Ends the host process soon after the answer is sent. */
  shutdown(): void;
}

/** The shim's task service for the guests of a host; a guest's processes are all the host process. */
export function taskHandlers(host: TaskHost): Handlers {
  const { state } = host;
  const methods: Record<string, Handler> = {
    Create: handler(task.createTaskRequest, task.createTaskResponse, (request) => {
      state.create(specOf(request));
      return { pid: state.pid };
    }),
    Start: handler(task.startRequest, task.startResponse, async (request) => {
      await find(state, request).start();
      return { pid: state.pid };
    }),
    Wait: handler(task.waitRequest, task.waitResponse, async (request) => {
      const exit = await find(state, request).exited;
      return { exitStatus: exit.exitCode, exitedAt: task.timestampFromMs(exit.finishedAtMs) };
    }),
    Delete: handler(task.deleteRequest, task.deleteResponse, async (request) => {
      find(state, request);
      const { exit } = (await state.delete(request.id)).state();
      const exitedAt = task.timestampFromMs(exit?.finishedAtMs ?? 0);
      return { pid: state.pid, exitStatus: exit?.exitCode ?? 0, exitedAt };
    }),
    State: handler(task.stateRequest, task.stateResponse, (request) => stateOf(state, find(state, request))),
    Kill: emptyHandler(task.killRequest, (request) => find(state, request).kill(request.signal)),
    CloseIO: emptyHandler(task.closeIORequest, (request) => {
      if (request.stdin) find(state, request).sessions.closeInput();
    }),
    Pids: handler(task.pidsRequest, task.pidsResponse, ({ id }) => {
      state.find(id);
      return { processes: [{ pid: state.pid, info: undefined }] };
    }),
    Stats: handler(task.statsRequest, task.statsResponse, async ({ id }) => ({
      stats: metricsOf(await host.stats(state.find(id))),
    })),
    Update: emptyHandler(task.updateTaskRequest, ({ id, resources }) => {
      state.find(id);
      throw new RpcError(
        "Unimplemented",
        `Cannot update guest "${id}" with "${resources?.typeUrl ?? ""}": limits of a running guest are its cgroup's`,
      );
    }),
    Connect: handler(task.connectRequest, task.connectResponse, () => ({
      shimPid: state.pid,
      taskPid: state.pid,
      version: String(protocolVersion),
    })),
    Shutdown: emptyHandler(task.shutdownRequest, ({ now }) => {
      if (!now && state.guests.some((guest) => guest.state().state !== "exited")) return;
      host.shutdown();
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

function find(state: HostState, { id, execId }: task.ProcessRequest): HostedGuest {
  const guest = state.find(id);
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
  return guestSpecFromMessage(checkId("guest", id), guestSpecMessage.decode(options.value));
}

function stateOf(host: HostState, guest: HostedGuest): Partial<task.StateResponse> {
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

function metricsOf(stats: GuestStats): WireAny {
  const value = metricsMessage.encode({
    timeMs: BigInt(stats.timeMs),
    cpuUsageNanoseconds: BigInt(stats.cpuUsageNanoseconds),
    memoryUsageBytes: BigInt(stats.memoryUsageBytes),
    memoryWorkingSetBytes: BigInt(stats.memoryWorkingSetBytes),
  });
  return { typeUrl: metricsType, value };
}
