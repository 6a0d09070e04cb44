import { readFileSync } from "node:fs";
import { errorCode } from "@wherry/base";
import { limitMemory } from "@wherry/wasi";
import { wasm } from "./web-assembly.ts";

/** Why a guest cannot be started, for the user: the module or its specification is at fault, not the host. */
export class RefusedGuestError extends Error {}

/** Reads and compiles a module, its memory limited; throws `RefusedGuestError` when that is impossible. */
export function loadModule(path: string, memoryLimitBytes: number | undefined): object {
  const bytes = readModule(path);
  const [, , , , version, , layer] = bytes;
  if (layer === 1) {
    throw new RefusedGuestError(
      `Cannot start "${path}": it is a WebAssembly component (version ${version}), expected a core module for WASI preview 1`,
    );
  }
  try {
    return new wasm.Module(memoryLimitBytes === undefined ? bytes : limitMemory(bytes, memoryLimitBytes));
  } catch (error) {
    throw new RefusedGuestError(`Cannot compile module "${path}" of ${bytes.length} bytes: ${messageOf(error)}`);
  }
}

function readModule(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new RefusedGuestError(`Cannot read module "${path}": ${errorCode(error) ?? messageOf(error)}`);
  }
}

/** Throws `RefusedGuestError` when the module wants something that `offered` lacks or is no command. */
export function checkModule(
  module: object,
  path: string,
  offered: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): void {
  const missing = wasm.Module.imports(module).filter(
    (wanted) => !Object.hasOwn(offered, wanted.module) || !Object.hasOwn(offered[wanted.module] ?? {}, wanted.name),
  );
  const [first] = missing;
  if (first !== undefined) {
    const more = missing.length > 1 ? ` and ${missing.length - 1} more` : "";
    throw new RefusedGuestError(
      `Cannot start "${path}": it imports the ${first.kind} ${first.module}.${first.name}${more}, which is not offered; ` +
        `offered are the functions of ${Object.keys(offered).join(" and ")}`,
    );
  }
  const exports = wasm.Module.exports(module);
  for (const [name, kind] of [
    ["_start", "function"],
    ["memory", "memory"],
  ] as const) {
    if (exports.some((entry) => entry.name === name && entry.kind === kind)) continue;
    throw new RefusedGuestError(`Cannot start "${path}": it exports no ${kind} "${name}", as a WASI command must`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
