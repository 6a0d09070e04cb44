// Entry point of the `wherry` command: the only place that touches the process itself.
import { commands } from "./commands.ts";
import { runProgram } from "./program.ts";

const stop = new AbortController();
// A terminal's Ctrl-C arrives twice where npm or bin/wherry.js, which get it too, hand theirs on.
const sameSignalMs = 500;
let stoppedAtMs: number | undefined;
const onSignal = (signal: NodeJS.Signals): void => {
  // A second signal means that the first one's clean-up takes too long for somebody.
  if (stoppedAtMs !== undefined && performance.now() - stoppedAtMs > sameSignalMs) process.exit(130);
  stoppedAtMs ??= performance.now();
  stop.abort(new DOMException(`Ended by ${signal}`, "AbortError"));
};
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, onSignal);

process.exitCode = await runProgram(commands, process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  workingDirectory: process.cwd(),
  signal: stop.signal,
  defaultSignals: () => void process.off("SIGINT", onSignal).off("SIGTERM", onSignal),
  interactive: process.stderr.isTTY === true,
});
// Not by running out of work: seen once in many ends of a node that probed its pods, Node 26 then waits for ever, computing, for a
// request of its own that libuv no longer knows. Everything has been closed by now, and output to files and pipes is written.
process.exit();
