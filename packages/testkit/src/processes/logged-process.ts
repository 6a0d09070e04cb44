import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, type WriteStream } from "node:fs";
import type { Readable } from "node:stream";
import { patienceMs } from "./patience.ts";

export interface LoggedProcessOptions {
  /** What failures call it. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** File that gets everything the process says. */
  readonly logPath: string;
  /** @default the environment of this process */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface ProcessEnd {
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
}

const maxKeptLines = 20_000;

/** A program whose output a test follows line by line; the same lines go to a file. */
export class LoggedProcess implements AsyncDisposable {
  readonly name: string;
  readonly exited: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  readonly #log: WriteStream;
  readonly #lines: string[] = [];
  readonly #waiting: Set<(line: string) => void> = new Set();

  private constructor(name: string, child: ChildProcess, log: WriteStream) {
    this.name = name;
    this.#child = child;
    this.#log = log;
    this.exited = new Promise((resolve) =>
      child.once("close", (code, signal) => {
        log.end();
        resolve({ code: code ?? undefined, signal: signal ?? undefined });
      }),
    );
    for (const stream of [child.stdout, child.stderr]) if (stream !== null) this.#follow(stream);
  }

  /** Resolves when the process has been started; rejects when it cannot be. */
  static async start(options: LoggedProcessOptions): Promise<LoggedProcess> {
    const log = createWriteStream(options.logPath, { flags: "a", mode: 0o600 });
    // The pipe at its input lets a program end that is written to when this process is gone.
    const child = spawn(options.command, [...options.args], {
      env: { ...(options.env ?? process.env) },
      stdio: ["pipe", "pipe", "pipe"],
    });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    return new LoggedProcess(options.name, child, log);
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The end of its output. */
  tail(lineCount = 60): string {
    return this.#lines.slice(-lineCount).join("\n");
  }

  /** The first line, said already or later, of which `match` makes a value; rejects when the process ends without it. */
  line<T>(what: string, match: (line: string) => T | undefined, timeoutMs: number = patienceMs): Promise<T> {
    for (const line of this.#lines) {
      const found = match(line);
      if (found !== undefined) return Promise.resolve(found);
    }
    return new Promise<T>((resolve, reject) => {
      const fail = (why: string) =>
        settle(() => reject(new Error(`${this.name}: ${what} was not said ${why}; its last lines:\n${this.tail()}`)));
      const timer = setTimeout(() => fail(`within ${timeoutMs} ms`), timeoutMs);
      const onLine = (line: string) => {
        const found = match(line);
        if (found !== undefined) settle(() => resolve(found));
      };
      const settle = (end: () => void) => {
        clearTimeout(timer);
        this.#waiting.delete(onLine);
        end();
      };
      this.#waiting.add(onLine);
      void this.exited.then(({ code, signal }) => fail(`before it ended (${signal ?? `exit code ${code}`})`));
    });
  }

  /** Sends `signal` and waits for the end; rejects when it does not come within `timeoutMs` and has to be forced. */
  async stop(signal: NodeJS.Signals = "SIGTERM", timeoutMs: number = patienceMs): Promise<ProcessEnd> {
    let isForced = false;
    if (this.running) this.#child.kill(signal);
    const timer = setTimeout(() => {
      isForced = this.#child.kill("SIGKILL");
    }, timeoutMs);
    const end = await this.exited;
    clearTimeout(timer);
    if (isForced)
      throw new Error(`${this.name} did not end within ${timeoutMs} ms of ${signal}; its last lines:\n${this.tail()}`);
    return end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #follow(stream: Readable): void {
    let rest = "";
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      this.#log.write(chunk);
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#heard(line);
    });
    stream.once("end", () => {
      if (rest !== "") this.#heard(rest);
    });
  }

  #heard(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > maxKeptLines) this.#lines.splice(0, maxKeptLines / 2);
    for (const waiter of [...this.#waiting]) waiter(line);
  }
}
