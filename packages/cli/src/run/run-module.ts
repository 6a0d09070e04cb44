import { errorMessage, WherryError } from "@wherry/base";
import { createPreview1, inspectModule, limitMemory, type ModuleInspection, type Preopen, wasm } from "@wherry/wasi";
import type { CommandContext } from "../command.ts";
import { readModuleFile } from "./read-module-file.ts";
import { streamSink, streamSource } from "./standard-streams.ts";

export interface ModuleRun {
  readonly modulePath: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly preopens: readonly Preopen[];
  readonly memoryLimitBytes: number | undefined;
}

/** Exit code of a program that a trap ended: 128 + SIGABRT, as other WebAssembly runtimes answer. */
const trapExitCode = 134;

/** Runs a WASI preview 1 command in this process on its standard streams and answers its exit code. */
export async function runModule(run: ModuleRun, context: CommandContext): Promise<number> {
  const bytes = await readModuleFile(run.modulePath);
  const inspection = inspect(run.modulePath, bytes);
  if (inspection.kind === "component") {
    throw new WherryError(
      "UnsupportedModule",
      `Cannot run "${run.modulePath}": it is a component, expected a core module for WASI preview 1`,
    );
  }
  const unknown = inspection.unknownImports.map((entry) => `"${entry.module}.${entry.name}"`);
  if (unknown.length > 0) {
    throw new WherryError(
      "UnsupportedModule",
      `Cannot run "${run.modulePath}": it imports ${unknown.join(", ")}, expected only functions of WASI preview 1`,
    );
  }
  const limited = run.memoryLimitBytes === undefined ? bytes : limitMemory(bytes, run.memoryLimitBytes);
  const host = createPreview1({
    args: run.args,
    env: run.env,
    stdin: streamSource(context.stdin),
    stdout: streamSink(context.stdout),
    stderr: streamSink(context.stderr),
    terminal: context.interactive,
    preopens: run.preopens,
  });
  const module = compile(run.modulePath, limited);
  context.signal.throwIfAborted();
  context.defaultSignals();
  const status = await host.start(new wasm.Instance(module, host.imports));
  if (status.kind === "exited") return status.code;
  context.stderr.write(`error: the module trapped: ${status.message}\n`);
  return trapExitCode;
}

function inspect(path: string, bytes: Uint8Array): ModuleInspection {
  try {
    return inspectModule(bytes);
  } catch (error) {
    throw new WherryError("InvalidModule", `Cannot run "${path}": ${errorMessage(error)}`, { cause: error });
  }
}

function compile(path: string, bytes: Uint8Array): object {
  try {
    return new wasm.Module(bytes);
  } catch (error) {
    throw new WherryError("InvalidModule", `Cannot run "${path}": ${errorMessage(error)}`, { cause: error });
  }
}
