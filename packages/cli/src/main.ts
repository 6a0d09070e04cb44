// Entry point of the `wherry` command: the only place that touches the process itself.
import type { Command } from "./command.ts";
import { kubeletCommand } from "./commands/kubelet.ts";
import { pullCommand } from "./commands/pull.ts";
import { pushCommand } from "./commands/push.ts";
import { runCommand } from "./commands/run.ts";
import { upCommand } from "./commands/up.ts";
import { versionCommand } from "./commands/version.ts";
import { runProgram } from "./program.ts";

const commands: readonly Command[] = [upCommand, kubeletCommand, runCommand, pushCommand, pullCommand, versionCommand];

const stop = new AbortController();
let signals = 0;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // A second signal means that the first one's clean-up takes too long for somebody.
    if (++signals > 1) process.exit(130);
    stop.abort(new DOMException(`Ended by ${signal}`, "AbortError"));
  });
}

process.exitCode = await runProgram(commands, process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  workingDirectory: process.cwd(),
  signal: stop.signal,
  interactive: process.stderr.isTTY === true,
});
// A stream that nobody reads any more must not hold the process.
process.stdin.unref?.();
