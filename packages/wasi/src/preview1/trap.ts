import { wasm } from "../web-assembly.ts";

/** (module (func (export "trap") unreachable)) */
const trapModuleBytes = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x04, 0x01, 0x60, 0x00, 0x00, 0x03, 0x02, 0x01, 0x00, 0x07,
  0x08, 0x01, 0x04, 0x74, 0x72, 0x61, 0x70, 0x00, 0x00, 0x0a, 0x05, 0x01, 0x03, 0x00, 0x00, 0x0b,
]);

const trapInstance = new wasm.Instance(new wasm.Module(trapModuleBytes));

/**
 * Makes the error of a real trap.
 *
 * A guest with exception handling catches any error a host throws (`catch_all`), even a `WebAssembly.RuntimeError` made by
 * hand; what a trap threw goes past every handler. Thrown again from an import, or as the reason of a promise the guest waits
 * for, it unwinds the guest for good.
 */
export function uncatchable(): Error {
  try {
    (trapInstance.exports["trap"] as () => void)();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("Cannot unwind a guest: the trap did not trap");
}

/** Why a guest trapped, in words that do not depend on the engine. */
export type TrapKind =
  | "unreachable"
  | "memory-out-of-bounds"
  | "table-out-of-bounds"
  | "indirect-call-type-mismatch"
  | "null-reference"
  | "integer-divide-by-zero"
  | "integer-overflow"
  | "invalid-conversion-to-integer"
  | "stack-overflow"
  | "uncaught-exception"
  | "suspend-error"
  | "other";

// The words are V8's.
const byMessage: readonly (readonly [RegExp, TrapKind])[] = [
  [/^unreachable/, "unreachable"],
  [/memory access out of bounds|data segment/, "memory-out-of-bounds"],
  [/table (index|access)|element segment|out of bounds table/, "table-out-of-bounds"],
  [/signature mismatch|null function/, "indirect-call-type-mismatch"],
  [/null pointer|null reference|illegal cast/, "null-reference"],
  [/divide by zero|remainder by zero/, "integer-divide-by-zero"],
  [/divide result unrepresentable/, "integer-overflow"],
  [/float unrepresentable/, "invalid-conversion-to-integer"],
];

/** The kind of trap behind what a guest's call threw; undefined when it was no trap. */
export function trapKind(error: unknown): TrapKind | undefined {
  if (error instanceof wasm.RuntimeError) {
    return byMessage.find(([pattern]) => pattern.test(error.message))?.[1] ?? "other";
  }
  if (error instanceof RangeError && error.message.includes("call stack")) return "stack-overflow";
  if (error instanceof Error && error.name === "SuspendError") return "suspend-error";
  if (error instanceof wasm.Exception) return "uncaught-exception";
  return undefined;
}
