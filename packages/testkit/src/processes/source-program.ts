import { join } from "node:path";

const packages = join(import.meta.dirname, "../../..");

/** How a program of this repository is started from its source under the Node that runs the tests. */
export interface SourceProgram {
  readonly command: string;
  readonly args: readonly string[];
}

/** A script by its path below `packages/`. */
export function sourceProgram(path: string, ...args: readonly string[]): SourceProgram {
  return { command: process.execPath, args: ["--conditions=@wherry/source", join(packages, path), ...args] };
}

/** The `wherry` command. */
export function wherryProgram(...args: readonly string[]): SourceProgram {
  return sourceProgram("cli/src/main.ts", ...args);
}
