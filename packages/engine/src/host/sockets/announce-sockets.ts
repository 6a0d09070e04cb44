import type { GuestSocket } from "../../guest-socket.ts";

/**
 * The environment variables that tell a guest of its sockets, as systemd's socket activation has them: `LISTEN_FDS` is how many
 * there are from descriptor 3 on, `LISTEN_FDNAMES` their names with `:` between them. Empty without sockets.
 *
 * There is no `LISTEN_PID`, as a guest has no process ID to compare it with.
 */
export function socketEnvironment(sockets: readonly GuestSocket[]): Readonly<Record<string, string>> {
  if (sockets.length === 0) return {};
  return { LISTEN_FDS: String(sockets.length), LISTEN_FDNAMES: sockets.map(({ name }) => name).join(":") };
}
