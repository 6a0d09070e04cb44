import { join } from "node:path";

const directory = join(import.meta.dirname, "..");
const fromSource = import.meta.filename.endsWith(".ts");

/** How a program is started under the Node that runs the tests. */
export interface SourceProgram {
  readonly command: string;
  readonly args: readonly string[];
}

/** A script of this package by its path without extension: from source in a clone, as it was built where the package is installed. */
export function testkitProgram(path: string, ...args: readonly string[]): SourceProgram {
  const script = join(directory, `${path}${fromSource ? ".ts" : ".js"}`);
  return { command: process.execPath, args: [...(fromSource ? ["--conditions=@wherry/source"] : []), script, ...args] };
}

/** A script of the repository by its path below `packages/`; throws where this package is not in a clone. */
export function sourceProgram(path: string, ...args: readonly string[]): SourceProgram {
  if (!fromSource)
    throw new Error(
      `Cannot start "packages/${path}": this @wherry/testkit is in "${directory}", not in a clone of Wherry`,
    );
  return { command: process.execPath, args: ["--conditions=@wherry/source", join(directory, "../..", path), ...args] };
}

/** The `wherry` command, from source. */
export function wherryProgram(...args: readonly string[]): SourceProgram {
  return sourceProgram("cli/src/main.ts", ...args);
}
