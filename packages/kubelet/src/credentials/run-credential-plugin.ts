import { type ChildProcess, spawn } from "node:child_process";
import type { Clock } from "@wherry/base";
import { KubeletError } from "../errors.ts";

export interface CredentialPluginCall {
  /** Absolute path. */
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly input: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Runs a plug-in and answers what it printed. */
export type RunCredentialPlugin = (call: CredentialPluginCall) => Promise<string>;

const maxOutputBytes = 1024 * 1024;
const maxErrorLength = 500;

/**
 * Runs a program without a shell, with `input` as its standard input. It is killed when it takes too long, prints too much, or
 * `signal` aborts.
 *
 * Rejects with `KubeletError`, whose message shows what the program wrote to standard error and never its output.
 */
export const runCredentialPlugin: RunCredentialPlugin = (call) => {
  const { program, args, env, input, timeoutMs, clock, signal } = call;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const child: ChildProcess = spawn(program, [...args], {
      env: { ...env },
      stdio: ["pipe", "pipe", "pipe"],
      shell: false,
    });
    const output: Buffer[] = [];
    let outputBytes = 0;
    let errors = "";
    const settle = () => {
      cancelTimer();
      signal.removeEventListener("abort", onAbort);
    };
    const fail = (problem: string, cause?: unknown) => {
      settle();
      child.kill("SIGKILL");
      // A grandchild may hold the pipes open, and with them this process.
      child.stdout?.destroy();
      child.stderr?.destroy();
      reject(new KubeletError("CredentialPluginFailed", `Cannot run the plug-in "${program}": ${problem}`, { cause }));
    };
    const onAbort = () => fail("the kubelet is ending");
    const cancelTimer = clock.setTimer(timeoutMs, () => fail(`it was not done in ${timeoutMs / 1000} s`));
    signal.addEventListener("abort", onAbort, { once: true });
    // There are no pipes where the process has no descriptors left for them.
    child.stdout?.on("data", (chunk: Buffer) => {
      outputBytes += chunk.length;
      if (outputBytes > maxOutputBytes) fail(`it printed more than ${maxOutputBytes} bytes`);
      else output.push(chunk);
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      errors = (errors + chunk.toString("utf8")).slice(-maxErrorLength);
    });
    // A plug-in need not read what it is told.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
    child.once("error", (error) => fail("it cannot be started", error));
    child.once("close", (exitCode, killedBy) => {
      const said = errors.trim() === "" ? "" : `: ${errors.trim()}`;
      if (exitCode !== 0) return fail(`it ended with ${killedBy ?? `exit code ${exitCode}`}${said}`);
      settle();
      resolve(Buffer.concat(output).toString("utf8"));
    });
  });
};
