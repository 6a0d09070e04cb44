import { readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, PeerProcess } from "../../packages/testkit/src/processes/peer-process.ts";

const root = join(import.meta.dirname, "../..");

export interface WherryProcess {
  readonly process: PeerProcess;
  /** The line of its output that said it is ready. */
  readonly readyLine: string;
}

/**
 * Starts the `wherry` command from the bundle (`npm run build`) and waits for the first line of output that contains `ready`.
 *
 * WHERRY_BENCH_PROGRAM names another script, such as `dist/wherry.js`; only there do the flags of Node in WHERRY_BENCH_NODE_FLAGS, such
 * as `--cpu-prof`, reach it.
 */
export async function startWherry(args: readonly string[], ready: string, logPath: string): Promise<WherryProcess> {
  const { WHERRY_BENCH_PROGRAM: program, WHERRY_BENCH_NODE_FLAGS: flags = "" } = process.env;
  const nodeFlags = flags.split(" ").filter((flag) => flag !== "");
  const started = await PeerProcess.start({
    command: process.execPath,
    args: [...nodeFlags, program ?? join(root, "bin/wherry.js"), ...args],
    logPath,
  });
  let readyLine: string | undefined;
  try {
    await eventually(`\`wherry ${args[0]}\` becoming ready (log: ${logPath})`, () => {
      if (!started.running) throw new Error(`it ended:\n${readFileSync(logPath, "utf8").slice(-2_000)}`);
      readyLine = readFileSync(logPath, "utf8")
        .split("\n")
        .find((line) => line.includes(ready));
      return readyLine !== undefined;
    });
  } catch (error) {
    await started.stop();
    throw error;
  }
  return { process: started, readyLine: readyLine ?? "" };
}
