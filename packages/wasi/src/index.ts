/**
 * Asynchronous hosts of the WebAssembly System Interface.
 *
 * `createPreview1` makes the host of one guest: what waits suspends the guest and never the thread, and files are confined to
 * the directories that were given. `inspectModule` and `limitMemory` look at and change modules before they are compiled.
 * What a guest's files are is open: implement `FileSystem`, or take the host's (Linux) or those in memory.
 *
 * @packageDocumentation
 */
export { FileError, GuestClosedError, InvalidModuleError, MemoryLimitError, WasiOptionsError } from "./errors.ts";
export type {
  DirectoryEntry,
  DirectoryHandle,
  DirectoryIterator,
  FileHandle,
  FileKind,
  FileStat,
  FileSystem,
  FileTimes,
  OpenOptions,
} from "./files/file-system.ts";
export {
  MemoryFileSystem,
  type MemoryFileSystemOptions,
  type MemoryTree,
} from "./files/memory-file-system.ts";
export { readOnlyFileSystem } from "./files/read-only-file-system.ts";
export { isLink, type ResolvedEntry, resolveBeneath } from "./files/resolve-beneath.ts";
export { createSystemGuestClock, type GuestClock, guestClockFrom } from "./guest-clock.ts";
export type { ExternalKind } from "./module/imports.ts";
export {
  inspectModule,
  type ModuleExport,
  type ModuleImport,
  type ModuleInspection,
  type ModuleMemory,
} from "./module/inspect-module.ts";
export { limitMemory } from "./module/limit-memory.ts";
export type { MemoryLimits } from "./module/limits.ts";
export type { BinaryKind } from "./module/sections.ts";
export { hostFileSystem } from "./platform/host-directory.ts";
export {
  createPreview1,
  type ExitStatus,
  type Preopen,
  type Preview1,
  type Preview1Options,
} from "./preview1/preview1.ts";
export type { TrapKind } from "./preview1/trap.ts";
export type { ListeningSocket, PreopenedSocket, StreamSocket } from "./sockets.ts";
export { type ByteSink, type ByteSource, emptySource, nullSink } from "./streams.ts";
export {
  type WasmFunction,
  type WasmImports,
  type WasmInstance,
  type WasmMemory,
  type WasmModule,
  type WasmModuleImports,
  wasm,
} from "./web-assembly.ts";
