import type { ByteSink } from "@wherry/wasi";
import type { GuestLog } from "../log/guest-log.ts";
import type { OutputStream } from "../log/output-stream.ts";
import type { AttachSessions } from "./attach-sessions.ts";
import type { LoopTurns } from "./loop-turns.ts";

/** Where one output stream of a guest goes: to its log at once, and as copies to attached sessions. */
export function outputSink(
  stream: OutputStream,
  log: GuestLog | undefined,
  sessions: AttachSessions,
  turns: LoopTurns,
): ByteSink {
  return {
    write(bytes) {
      log?.write(stream, bytes);
      return sessions.output(stream, bytes) ?? turns.due();
    },
  };
}
