import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { TtrpcClient } from "@wherry/rpc";
import { EngineError } from "../errors.ts";
import { type ProcessIdentity, processIdentity } from "../platform/process-identity.ts";

export interface HostProcessOptions {
  readonly nodeExecutable: string;
  readonly nodeArguments: readonly string[];
  readonly hostEntry: string;
}

/** How a process that this engine started ended: a code, a signal's name or number, or neither where that is not known. */
export interface ProcessEnd {
  readonly code: number | undefined;
  readonly signal: string | number | undefined;
}

/** A host process that this engine started, and the connection it inherited. */
export interface HostProcess {
  readonly identity: ProcessIdentity;
  readonly connection: TtrpcClient;
  readonly ended: Promise<ProcessEnd>;
  /** Lets this process end before the host does. */
  unref(): void;
}

/**
 * Flags of hosts: no helper threads beyond one (two cores serve hundreds of hosts).
 *
 * The pool of size 1 is what V8 compiles hot WebAssembly code on; 0 would mean one thread for each core. Young objects get 4 MiB
 * from the start, so that nothing of the start is promoted to stay for ever, which saves 1 MiB (measured). Most flags of V8 that
 * change what code is made, and `--expose-gc` too, cost 10 ms of CPU time at the start: V8 then refuses the compiled code that Node
 * carries with it. Those that are here do not (measured).
 */
export const hostFlags: readonly string[] = [
  "--v8-pool-size=1",
  "--single-threaded-gc",
  "--min-semi-space-size=4",
  "--disable-sigusr1",
  "--disable-warning=ExperimentalWarning",
];

/**
 * Starts a host process in its own session, so that it outlives this one.
 *
 * Its environment is empty: what the kubelet was given is not for guests to find.
 */
export async function spawnHost(
  options: HostProcessOptions,
  extraFlags: readonly string[],
  hostArguments: readonly string[],
): Promise<HostProcess> {
  const { nodeExecutable, nodeArguments, hostEntry } = options;
  const child = spawn(nodeExecutable, [...hostFlags, ...extraFlags, ...nodeArguments, hostEntry, ...hostArguments], {
    cwd: "/",
    detached: true,
    env: { MALLOC_ARENA_MAX: "1", UV_THREADPOOL_SIZE: "1" },
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined }));
  });
  await spawned(child, nodeExecutable);
  const connection = new TtrpcClient(child.stdio[3] as Socket);
  const identity = child.pid === undefined ? undefined : processIdentity(child.pid);
  if (identity === undefined) {
    connection.close();
    throw new EngineError("Unavailable", `Cannot start host process "${nodeExecutable}": it ended at once`);
  }
  return { identity, connection, ended, unref: () => child.unref() };
}

function spawned(child: ChildProcess, executable: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error) =>
      reject(
        new EngineError("Unavailable", `Cannot start host process "${executable}": ${error.message}`, { cause: error }),
      ),
    );
  });
}
