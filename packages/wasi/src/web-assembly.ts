/**
 * The JavaScript interface of WebAssembly as this package uses it.
 *
 * TypeScript declares it only together with the whole DOM, and the promise integration not at all. These types are
 * structural: an instance or module made through the global `WebAssembly` is one of them.
 */

/** A compiled module. */
export type WasmModule = object;

export interface WasmMemory {
  readonly buffer: ArrayBufferLike;
  grow(delta: number): number;
}

/** An instance with its exports: functions, memories, tables, globals and tags. */
export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}

/** The imports of one module name. */
export type WasmModuleImports = Record<string, unknown>;

export type WasmImports = Record<string, WasmModuleImports>;

/** Any function that crosses the border, either way. */
export type WasmFunction = (...args: never[]) => unknown;

interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Instance: new (module: WasmModule, imports?: WasmImports) => WasmInstance;
  readonly Memory: new (descriptor: { initial: number; maximum?: number; shared?: boolean }) => WasmMemory;
  readonly RuntimeError: new (message?: string) => Error;
  /** What a guest's `throw` throws; not an `Error`. */
  readonly Exception: new (
    ...args: never[]
  ) => object;
  /** An import that suspends the guest while the promise it answers is pending. */
  readonly Suspending: new (
    call: WasmFunction,
  ) => object;
  /** A promise for an export's result, for guests whose imports suspend. */
  readonly promising: (call: WasmFunction) => (...args: unknown[]) => Promise<unknown>;
}

/** The engine's `WebAssembly` object. */
export const wasm: WebAssemblyApi = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;
