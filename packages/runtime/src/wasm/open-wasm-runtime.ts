import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { CallOptions } from "../runtime.ts";
import { RecordStore } from "./record-store.ts";
import { WasmRuntime, type WasmRuntimeOptions } from "./wasm-runtime.ts";

/** Opens the runtime on its state directory and takes over whatever still runs. */
export async function openWasmRuntime(options: WasmRuntimeOptions, call: CallOptions = {}): Promise<WasmRuntime> {
  await mkdir(options.stateDirectory, { recursive: true, mode: 0o700 });
  const runtime = new WasmRuntime(options, new RecordStore(join(options.stateDirectory, "runtime.db")));
  try {
    await runtime.recover(call);
    return runtime;
  } catch (error) {
    await runtime[Symbol.asyncDispose]();
    throw error;
  }
}
