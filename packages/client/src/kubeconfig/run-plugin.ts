import { type ChildProcess, spawn } from "node:child_process";

import { type Clock, errorCode } from "@wherry/base";

import { ClientConfigError } from "../errors.ts";
import type { ExecConfig } from "./exec-config.ts";

export interface RunPluginOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

const maxOutputBytes = 2 ** 20;
const shownErrorBytes = 2048;

/** Runs a credential plugin without a shell or standard input; resolves with what it printed. */
export function runPlugin(config: ExecConfig, options: RunPluginOptions): Promise<string> {
  const { command, args, installHint } = config;
  return new Promise((resolve, reject) => {
    const child: ChildProcess = spawn(command, [...args], {
      env: { ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
      shell: false,
    });
    const output: Buffer[] = [];
    let outputBytes = 0;
    let errors = "";
    const fail = (problem: string, cause?: unknown) => {
      cancelTimer();
      child.kill("SIGKILL");
      // A grandchild may hold the pipes open, and with them this process.
      child.stdout?.destroy();
      child.stderr?.destroy();
      reject(new ClientConfigError(`Cannot run credential plugin ${command}: ${problem}`, { cause }));
    };
    const cancelTimer = options.clock.setTimer(options.timeoutMs, () => fail(`not done in ${options.timeoutMs} ms`));
    // There are no pipes where the process has no descriptors left for them.
    child.stdout?.on("data", (chunk: Buffer) => {
      outputBytes += chunk.length;
      if (outputBytes > maxOutputBytes) fail(`it printed more than ${maxOutputBytes} bytes`);
      else output.push(chunk);
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      errors = (errors + chunk.toString("utf8")).slice(-shownErrorBytes);
    });
    child.once("error", (error) => {
      const hint = errorCode(error) === "ENOENT" && installHint !== undefined ? `; ${installHint}` : "";
      fail(`it cannot be started${hint}`, error);
    });
    child.once("close", (exitCode, signal) => {
      const said = errors.trim() === "" ? "" : `: ${errors.trim()}`;
      if (exitCode !== 0) return fail(`it ended with ${signal ?? `exit code ${exitCode}`}${said}`);
      cancelTimer();
      resolve(Buffer.concat(output).toString("utf8"));
    });
  });
}
