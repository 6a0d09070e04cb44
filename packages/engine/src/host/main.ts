// Entry point of a host process. Descriptor 3 is the connection to the engine that started it.
import { Socket } from "node:net";
import { TtrpcServer } from "@wherry/rpc/ttrpc";
import { hostSocketPath } from "../host-directory.ts";
import { guestStats } from "./guest-stats.ts";
import { guestsHandlers } from "./guests-handlers.ts";
import { HostState } from "./host-state.ts";
import { taskHandlers } from "./task-handlers.ts";

/** Time for the answer to Shutdown to leave. */
const lastAnswerMs = 20;

const workerEntry = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url);
const state = new HostState(workerEntry);

const server = new TtrpcServer({
  handlers: {
    ...taskHandlers({ state, stats: (guest) => guestStats(guest, state.guests), shutdown }),
    ...guestsHandlers({ state, assign }),
  },
});

const engine = new Socket({ fd: 3, readable: true, writable: true });
server.accept(engine);
engine.on("close", () => {
  // Nobody will ever find a host of the pool; one that has guests goes on without its engine.
  if (state.id === "") process.exit(0);
});

async function assign(id: string, directory: string): Promise<void> {
  state.assign(id, directory);
  await server.listen(hostSocketPath(directory));
  process.title = `wherry-host ${id}`;
}

function shutdown(): void {
  void state.killAll().then(() => {
    setTimeout(() => {
      void server.close().then(() => process.exit(0));
    }, lastAnswerMs);
  });
}
