import { RpcError } from "@wherry/rpc/ttrpc";
import type { GuestSocket } from "../guest-socket.ts";
import type { GuestSocketMessage } from "./guests.ts";

/** The socket in a message; throws `RpcError` of code `InvalidArgument` for one that cannot be opened or announced. */
export function guestSocketFromMessage(id: string, message: GuestSocketMessage): GuestSocket {
  const { name } = message;
  const refuse = (what: string) =>
    new RpcError("InvalidArgument", `Cannot create guest "${id}": socket ${JSON.stringify(name)} ${what}`);
  if (!/^[\w.-]+$/.test(name)) throw refuse("needs a name of letters, digits, '.', '_' and '-'");
  const listen = message.listen.flatMap((entry) => entry ?? []);
  if (listen.length === 0) throw refuse("needs an address to listen on");
  for (const { port } of listen) {
    if (port > 65_535) throw refuse(`has port ${port}, expected 0 to 65535`);
  }
  return { name, listen };
}

/** The reverse of `guestSocketFromMessage`. */
export function guestSocketToMessage({ name, listen }: GuestSocket): GuestSocketMessage {
  return { name, listen: listen.map((address) => ({ ...address })) };
}
