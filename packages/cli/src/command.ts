import type { Readable, Writable } from "node:stream";
import type { Flag, ParsedArguments } from "./flags/flag.ts";

/** What a command may touch of its process; tests pass their own. */
export interface CommandContext {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  /** Aborts on SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  /** Leaves SIGINT and SIGTERM to the system from now on: they end the process at once, even one that computes and never yields. */
  readonly defaultSignals: () => void;
  /** Whether stderr is a terminal, so that progress may be drawn. */
  readonly interactive: boolean;
}

/** A command's name and where its code is, so that only the one that runs is loaded. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  load(): Promise<Command>;
}

/** One `wherry NAME`; a file each in `commands/`. */
export interface Command {
  readonly name: string;
  /** Shown after `wherry NAME`, e.g. `[flags] FILE.wasm REFERENCE`. */
  readonly usage: string;
  readonly flags: readonly Flag[];
  /** Paragraph for `--help`. */
  readonly description?: string;
  /** The process's exit code. */
  run(context: CommandContext, parsed: ParsedArguments): Promise<number>;
}
