import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { errorMessage } from "@wherry/base";
import { RuntimeError } from "../errors.ts";
import { RecordStore } from "./record-store.ts";
import { WasmRuntime, type WasmRuntimeOptions } from "./wasm-runtime.ts";

/** Opens the runtime on its state directory and takes over whatever still runs. */
export async function openWasmRuntime(options: WasmRuntimeOptions): Promise<WasmRuntime> {
  await mkdir(options.stateDirectory, { recursive: true, mode: 0o700 });
  const runtime = new WasmRuntime(options, openRecords(join(options.stateDirectory, "runtime.db")));
  try {
    await runtime.recover();
    return runtime;
  } catch (error) {
    await runtime[Symbol.asyncDispose]();
    throw error;
  }
}

function openRecords(path: string): RecordStore {
  try {
    return new RecordStore(path);
  } catch (error) {
    if (error instanceof RuntimeError) throw error;
    throw new RuntimeError(
      "FailedPrecondition",
      `Cannot open runtime state "${path}": ${errorMessage(error)}; make it readable again, or remove it, which ends the pods in it`,
      { cause: error },
    );
  }
}
