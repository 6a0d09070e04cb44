import { Readable, Writable } from "node:stream";
import { commands } from "../src/commands.ts";
import { runProgram } from "../src/program.ts";

export interface CallResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program in this process; for what needs no process of its own, which costs most of a second. */
export async function callWherry(
  argv: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<CallResult> {
  const [stdout, stderr] = [new TextSink(), new TextSink()];
  const code = await runProgram(commands, argv, {
    stdin: Readable.from([]),
    stdout,
    stderr,
    environment,
    workingDirectory: import.meta.dirname,
    signal: new AbortController().signal,
    defaultSignals: () => undefined,
    interactive: false,
  });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

class TextSink extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}
