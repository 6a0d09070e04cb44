import { readFile } from "node:fs/promises";
import { errorCode, errorMessage, WherryError } from "@wherry/base";

/** The bytes of the module file at `path`; throws `WherryError` of code `ModuleUnreadable` that says what is there instead. */
export async function readModuleFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    throw new WherryError("ModuleUnreadable", `Cannot read module "${path}": ${problem(error)}`, { cause: error });
  }
}

function problem(error: unknown): string {
  switch (errorCode(error)) {
    case "ENOENT":
      return "there is no such file";
    case "EISDIR":
      return "it is a directory, expected a .wasm file";
    default:
      return errorMessage(error);
  }
}
