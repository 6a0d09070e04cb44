import { type ChildProcess, spawn } from "node:child_process";
import { open } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { patienceMs } from "./patience.ts";

export interface PeerProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly logPath: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A real program that a test talks to; its output goes to a file, and it ends with the test. */
export class PeerProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly command: string;
  readonly exited: Promise<void>;
  /** Aborts when the process ends; the reason names it, how it ended and its log. */
  readonly ended: AbortSignal;

  private constructor({ command, logPath }: PeerProcessOptions, child: ChildProcess) {
    this.command = command;
    this.#child = child;
    const end = new AbortController();
    this.ended = end.signal;
    child.once("exit", (code, signal) =>
      end.abort(new Error(`${command} has ended (${signal ?? `exit code ${code}`}, log: ${logPath})`)),
    );
    this.exited = new Promise((resolve) => {
      child.once("exit", () => resolve());
      child.once("error", () => resolve());
    });
  }

  static async start(options: PeerProcessOptions): Promise<PeerProcess> {
    const log = await open(options.logPath, "a", 0o600);
    try {
      const child = spawn(options.command, [...options.args], {
        cwd: options.cwd,
        env: options.env === undefined ? process.env : { ...process.env, ...options.env },
        stdio: ["ignore", log.fd, log.fd],
      });
      await new Promise<void>((resolve, reject) => {
        child.once("spawn", () => resolve());
        child.once("error", reject);
      });
      return new PeerProcess(options, child);
    } finally {
      await log.close();
    }
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Sends `signal` and waits for the end; SIGKILL after ten seconds. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (!this.running) return;
    this.#child.kill(signal);
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 10_000);
    await this.exited;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/**
 * Asks `probe` until it answers true; for the readiness of real programs, which have no event to wait for.
 *
 * Gives up after `timeoutMs`, or when `signal` aborts, with its reason as the cause.
 */
export async function eventually(
  what: string,
  probe: () => Promise<boolean> | boolean,
  timeoutMs: number = patienceMs,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  while (performance.now() < deadline) {
    if (signal?.aborted === true) throw new Error(`${what} cannot happen any more`, { cause: signal.reason });
    try {
      if (await probe()) return;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await delay(25);
  }
  throw new Error(`${what} did not happen within ${timeoutMs} ms`, { cause: last });
}

/** Resolves when no process has that number any more; for processes that are no children of this one. */
export function processEnded(pid: number): Promise<void> {
  const isGone = () => {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      return true;
    }
  };
  return eventually(`The end of process ${pid}`, isGone);
}
