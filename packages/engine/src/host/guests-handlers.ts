import { type Handlers, type WireMessage, wireMessage } from "@wherry/rpc/ttrpc";
import type { GuestExit } from "../guest.ts";
import * as guests from "../protocol/guests.ts";
import type { GuestHost } from "./guest-host.ts";
import { emptyHandler, handler } from "./task-handlers.ts";

const nothing: WireMessage<Record<never, never>> = wireMessage("google.protobuf.Empty", {});

/** Wherry's own service of a host: what the task API has no verb for. */
export function guestsHandlers(host: GuestHost): Handlers {
  return {
    [guests.guestsServiceName]: {
      Ping: handler(nothing, guests.pingResponse, () => ({
        pid: host.pid,
        version: guests.protocolVersion,
        guestId: host.guest?.spec.id ?? "",
      })),
      Await: handler(guests.awaitRequest, guests.guestExitMessage, async ({ id }) =>
        exitMessage(await host.find(id).exited),
      ),
      Attach: handler(guests.attachRequest, guests.attachResponse, (request) => ({
        session: host.find(request.id).sessions.attach(request),
      })),
      Read: handler(guests.readRequest, guests.readResponse, ({ session }, signal) =>
        host.current().sessions.read(session, signal),
      ),
      Write: emptyHandler(guests.writeRequest, ({ session, data, end }, signal) =>
        host.current().sessions.write(session, data, end, signal),
      ),
      Detach: emptyHandler(guests.detachRequest, ({ session }) => host.current().sessions.detach(session)),
    },
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
