import type { Socket } from "node:net";
import { TtrpcServer } from "@wherry/rpc/ttrpc";
import { hostSocketPath } from "../host-directory.ts";
import { guestStats } from "./guest-stats.ts";
import { guestsHandlers } from "./guests-handlers.ts";
import { HostState } from "./host-state.ts";
import { taskHandlers } from "./task-handlers.ts";

/** Time for the answer to Shutdown to leave. */
const lastAnswerMs = 20;

export interface HostProcessContext {
  /** The connection to the engine that started this process. */
  readonly engine: Socket;
  /** Where to serve; the engine moves it when it gives the host a pod. */
  readonly directory: string;
  readonly workerEntry: URL;
  /** Number of this process. */
  readonly pid: number;
  readonly exit: (code: number) => void;
}

/** Makes this process a host: idle until the engine gives it a pod, gone with the engine until then. */
export function runHost({ engine, directory, workerEntry, pid, exit }: HostProcessContext): void {
  const state = new HostState(workerEntry, pid, directory);
  const server = new TtrpcServer({
    handlers: {
      ...taskHandlers({ state, stats: (guest) => guestStats(guest, state.guests), shutdown }),
      ...guestsHandlers({ state, listening: () => listening }),
    },
  });
  const listening = server.listen(hostSocketPath(directory));
  listening.catch((error: unknown) => {
    console.error(error);
    exit(1);
  });
  server.accept(engine);
  engine.on("close", () => {
    // Nobody will ever find a host of the pool; one that has guests goes on without its engine.
    if (state.id === "") exit(0);
  });

  function shutdown(): void {
    void state.killAll().then(() => {
      setTimeout(() => {
        void server.close().then(() => exit(0));
      }, lastAnswerMs);
    });
  }
}
