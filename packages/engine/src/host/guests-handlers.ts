import { type Handlers, type WireMessage, wireMessage } from "@wherry/rpc/ttrpc";
import type { GuestExit, GuestState } from "../guest.ts";
import * as guests from "../protocol/guests.ts";
import type { HostState } from "./host-state.ts";
import { emptyHandler, handler } from "./task-handlers.ts";

export interface GuestsHost {
  readonly state: HostState;
  /** Resolves when the host can be reached at its socket. */
  listening(): Promise<void>;
}

const nothing: WireMessage<Record<never, never>> = wireMessage("google.protobuf.Empty", {});

/** Wherry's own service of a host: what the task API has no verb for. */
export function guestsHandlers(host: GuestsHost): Handlers {
  const { state } = host;
  return {
    [guests.guestsServiceName]: {
      Ping: handler(nothing, guests.pingResponse, async () => {
        await host.listening();
        await state.ready();
        return { pid: state.pid, version: guests.protocolVersion, hostId: state.id };
      }),
      Assign: emptyHandler(guests.assignRequest, ({ hostId, directory }) => state.assign(hostId, directory)),
      List: handler(nothing, guests.listResponse, () => ({
        guests: state.guests.map((guest) => stateMessage(guest.state())),
      })),
      Inspect: handler(guests.inspectRequest, guests.guestStateMessage, ({ id }) =>
        stateMessage(state.find(id).state()),
      ),
      Await: handler(guests.awaitRequest, guests.guestExitMessage, async ({ id }) =>
        exitMessage(await state.find(id).exited),
      ),
      ReopenLog: emptyHandler(guests.reopenLogRequest, ({ id }) => state.find(id).reopenLog()),
      Attach: handler(guests.attachRequest, guests.attachResponse, (request) => ({
        session: state.attach(request),
      })),
      Read: handler(guests.readRequest, guests.readResponse, ({ session }, signal) =>
        state.sessionsOf(session).read(session, signal),
      ),
      Write: emptyHandler(guests.writeRequest, ({ session, data, end }, signal) =>
        state.sessionsOf(session).write(session, data, end, signal),
      ),
      Detach: emptyHandler(guests.detachRequest, ({ session }) => state.detach(session)),
    },
  };
}

function stateMessage(state: GuestState): guests.GuestStateMessage {
  const { spec } = state;
  return {
    id: state.id,
    state: state.state,
    startedAtMs: BigInt(state.startedAtMs ?? 0),
    exit: state.exit === undefined ? undefined : exitMessage(state.exit),
    spec: {
      ...guests.guestSpecMessage.decode(new Uint8Array(0)),
      modulePath: spec.modulePath,
      logPath: spec.logPath,
      memoryLimitBytes: BigInt(spec.memoryLimitBytes ?? 0),
      stdin: spec.stdin,
      stdinOnce: spec.stdinOnce,
    },
    logBytesDropped: BigInt(state.logBytesDropped),
  };
}

function exitMessage(exit: GuestExit): guests.GuestExitMessage {
  return {
    exitCode: exit.exitCode,
    reason: exit.reason,
    message: exit.message,
    startedAtMs: BigInt(exit.startedAtMs),
    finishedAtMs: BigInt(exit.finishedAtMs),
  };
}
