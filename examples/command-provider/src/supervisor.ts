// Runs one command and outlives the kubelet: it keeps the command's log, collects its exit code, and leaves both in files. Its only
// argument is the instance's directory; the command comes as JSON on standard input. On SIGTERM it ends the command at once.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { text } from "node:stream/consumers";
import { CriLogWriter } from "@wherry/kubelet/cri-log";
import { type CommandSpec, type ExitNote, writeNote } from "./instance-files.ts";
import { identityOf, type ProcessIdentity } from "./process-identity.ts";

/** How long output is waited for once the command has ended. */
const lateOutputMs = 1000;
const directory = process.argv[2] ?? "";
let end: () => void = () => process.exit(0);
process.on("SIGTERM", () => end());

// A kubelet that died while it told the command leaves half of it, which does not parse: then nothing is started.
const spec = JSON.parse(await text(process.stdin)) as CommandSpec;
// Where the kubelet has given the instance up meanwhile, its directory is gone, this throws, and nothing is started either.
writeNote(directory, "supervisor", identityOf(process.pid) as ProcessIdentity);

const log = new CriLogWriter(spec.logPath);
const [program = "", ...args] = spec.words;
const command = spawn(program, args, {
  cwd: spec.workingDirectory,
  env: spec.env,
  stdio: ["ignore", "pipe", "pipe"],
  // A process group of its own, so that what the command starts ends with it.
  detached: true,
});
const startedAtMs = Date.now();
end = () => killGroup();
command.stdout.on("data", (bytes: Buffer) => log.write("stdout", bytes));
command.stderr.on("data", (bytes: Buffer) => log.write("stderr", bytes));
command.once("spawn", () => {
  try {
    const identity = identityOf(command.pid ?? 0);
    if (identity !== undefined) writeNote(directory, "running", { command: identity, startedAtMs });
  } catch {
    killGroup();
  }
});
command.once("error", (error) => {
  if (command.pid === undefined)
    finish({ exitCode: 128, reason: "StartError", message: error.message, startedAtMs: 0 });
});
command.once("exit", (code, signal) => {
  const exitCode = code ?? 128 + constants.signals[signal ?? "SIGKILL"];
  const ended = () => finish({ exitCode, reason: "", message: "", startedAtMs });
  command.once("close", ended);
  killGroup();
  // What left the group may hold the log open for ever.
  setTimeout(ended, lateOutputMs);
});

function killGroup(): void {
  try {
    process.kill(-(command.pid ?? 0), "SIGKILL");
  } catch {
    // Nothing of it is left.
  }
}

/** The log first: who sees the exit may read all of it. */
function finish(exit: Omit<ExitNote, "finishedAtMs">): void {
  log.close();
  writeNote(directory, "exit", { ...exit, finishedAtMs: Date.now() });
  process.exit(0);
}
