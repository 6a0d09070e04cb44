import { RpcError } from "@wherry/rpc/ttrpc";
import type { GuestSpec } from "../guest.ts";
import { guestSocketFromMessage, guestSocketToMessage } from "./guest-socket-message.ts";
import type { GuestSpecMessage } from "./guests.ts";

/** The specification in a message; throws `RpcError` of code `InvalidArgument` for what cannot be. */
export function guestSpecFromMessage(id: string, message: GuestSpecMessage): GuestSpec {
  const absolute = (what: string, path: string): string => {
    if (path.startsWith("/") && !path.includes("\0")) return path;
    throw new RpcError("InvalidArgument", `Cannot create guest "${id}": ${what} "${path}" is not an absolute path`);
  };
  const { memoryLimitBytes } = message;
  return {
    id,
    modulePath: absolute("module path", message.modulePath),
    args: message.args,
    env: message.env,
    mounts: message.mounts.flatMap((mount) =>
      mount === undefined
        ? []
        : {
            guestPath: absolute("mount path", mount.guestPath),
            hostPath: absolute("host path", mount.hostPath),
            readOnly: mount.readOnly,
            ...(mount.subPath !== "" && { subPath: mount.subPath }),
          },
    ),
    sockets: message.sockets.flatMap((socket) => (socket === undefined ? [] : guestSocketFromMessage(id, socket))),
    ...(memoryLimitBytes === 0n ? {} : { memoryLimitBytes: Number(memoryLimitBytes) }),
    logPath: message.logPath === "" ? "" : absolute("log path", message.logPath),
    stdin: message.stdin,
    stdinOnce: message.stdinOnce,
    workingDir: message.workingDir === "" ? "" : absolute("working directory", message.workingDir),
  };
}

/** The reverse of `guestSpecFromMessage`. */
export function guestSpecToMessage(spec: GuestSpec): GuestSpecMessage {
  return {
    modulePath: spec.modulePath,
    args: [...spec.args],
    env: { ...spec.env },
    mounts: spec.mounts.map((mount) => ({ ...mount, subPath: mount.subPath ?? "" })),
    sockets: spec.sockets.map(guestSocketToMessage),
    memoryLimitBytes: BigInt(spec.memoryLimitBytes ?? 0),
    logPath: spec.logPath,
    stdin: spec.stdin,
    stdinOnce: spec.stdinOnce,
    workingDir: spec.workingDir,
  };
}
