import type { Socket } from "node:net";
import { connectUnix, TtrpcServer } from "@wherry/rpc/ttrpc";
import { forkRequest, forkResponse, reapResponse, templateServiceName } from "../protocol/template.ts";
import { type ReapedProcess, SelfFork } from "./fork-self.ts";
import { runHost } from "./run-host.ts";
import { emptyHandler, handler } from "./task-handlers.ts";

/**
 * Makes this process the template of hosts: it never runs a guest, but splits off hosts that share its memory, as long as
 * neither writes to it. Throws where that is not possible.
 */
export function runTemplate(engine: Socket, workerEntry: URL): void {
  const self = new SelfFork();
  const ended: ReapedProcess[] = [];
  let isChild = false;
  let wakeReaper: () => void = () => undefined;
  const collect = () => {
    for (let child = self.reap(); child !== undefined; child = self.reap()) ended.push(child);
    wakeReaper();
  };
  process.on("SIGCHLD", collect);
  engine.on("close", () => self.exit(0));

  const server = new TtrpcServer({
    handlers: {
      [templateServiceName]: {
        Ready: emptyHandler(forkRequest, tidy),
        Fork: handler(forkRequest, forkResponse, async ({ socket, directory }) => {
          await new Promise((resolve) => setImmediate(resolve));
          // A child inherits the calls that its parent has not come to yet; they are not its own.
          if (isChild) return await never();
          const pid = self.fork();
          if (pid > 0) return { pid };
          isChild = true;
          await becomeHost(socket, directory);
          return await never();
        }),
        Reap: handler(forkRequest, reapResponse, async () => {
          while (ended.length === 0) {
            await new Promise<void>((resolve) => {
              wakeReaper = resolve;
            });
          }
          const child = ended.shift();
          return { pid: child?.pid ?? 0, code: child?.code ?? 0, signal: child?.signal ?? 0 };
        }),
      },
    },
  });
  server.accept(engine);

  async function becomeHost(socket: string, directory: string): Promise<void> {
    process.off("SIGCHLD", collect);
    engine.removeAllListeners("close");
    engine.destroy();
    const connection = await connectUnix(socket).catch(() => self.exit(71));
    runHost({ engine: connection, directory, workerEntry, pid: self.pid(), exit: (code) => self.exit(code) });
  }
}

/** Leaves the least that children have to copy when they write to it. */
function tidy(): void {
  const { gc } = globalThis as { readonly gc?: (options: object) => void };
  gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
