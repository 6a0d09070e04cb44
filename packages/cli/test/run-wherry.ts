import { spawn } from "node:child_process";
import { wherryProgram } from "@wherry/testkit";

export interface WherryOptions {
  readonly stdin?: string;
  /** Added to the environment of the tests. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Sends this signal as soon as standard output has anything. */
  readonly signalAtOutput?: NodeJS.Signals;
}

export interface WherryResult {
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the `wherry` command from source to its end. */
export function runWherry(args: readonly string[], options: WherryOptions = {}): Promise<WherryResult> {
  const { command, args: programArguments } = wherryProgram(...args);
  const child = spawn(command, programArguments, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (stdout === "" && options.signalAtOutput !== undefined) child.kill(options.signalAtOutput);
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.stdin.on("error", () => undefined).end(options.stdin ?? "");
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) =>
      resolve({ code: code ?? undefined, signal: signal ?? undefined, stdout, stderr }),
    );
  });
}
