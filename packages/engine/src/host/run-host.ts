import type { Socket } from "node:net";
import { TtrpcServer } from "@wherry/rpc/ttrpc";
import { guestFiles } from "../guest-directory.ts";
import { GuestHost } from "./guest-host.ts";
import { guestsHandlers } from "./guests-handlers.ts";
import { rehearse } from "./rehearse.ts";
import { taskHandlers } from "./task-handlers.ts";

export interface HostProcessContext {
  /** The connection to the engine that started this process. */
  readonly engine: Socket;
  /** Number of this process. */
  readonly pid: number;
  readonly exit: (code: number) => void;
}

/**
 * Makes this process a host: idle until the engine gives it a guest, gone with the engine until then, and gone with its guest.
 *
 * A socket to be found at is made only when the engine has left, as loading what listens costs a tenth of the start. Resolves when
 * everything a guest needs has been run once.
 */
export async function runHost({ engine, pid, exit }: HostProcessContext): Promise<void> {
  let directory: string | undefined;
  let connected = true;
  const host = new GuestHost({ pid, onCreated, onDone });
  const server = new TtrpcServer({ handlers: { ...taskHandlers(host, onDone), ...guestsHandlers(host) } });
  server.accept(engine);
  engine.on("close", () => {
    connected = false;
    // Nobody will ever find a host of the pool; one that has a guest goes on without its engine.
    if (directory === undefined) exit(0);
    else listen(directory);
  });
  // A guest that is there already takes what it needs itself.
  await new Promise((resolve) => setImmediate(resolve));
  if (directory === undefined) await rehearse();

  function onCreated(assigned: string): void {
    directory = assigned;
    if (!connected) listen(assigned);
  }

  /** Answers that are written already reach the other side, whose end of the socket outlives this process. */
  function onDone(): void {
    setImmediate(() => setImmediate(() => exit(0)));
  }

  function listen(path: string): void {
    // The guest is more than being reachable: it can still be watched and killed by its process number.
    server.listen(guestFiles.socket(path)).catch((error: unknown) => console.error(error));
  }
}
