import { WherryError } from "@wherry/base";

/**
 * What a file system of this package throws: `code` is the POSIX name of the error (`"ENOENT"`), as in Node's own
 * system errors, so that a guest sees the same errno whether a directory is the host's or in memory.
 */
export class FileError extends WherryError {
  constructor(code: string, message: string) {
    super(code, `${code}: ${message}`);
  }
}

/** Thrown by `inspectModule` and `limitMemory` for bytes that are no valid WebAssembly module. */
export class InvalidModuleError extends WherryError {
  constructor(message: string) {
    super("invalid-module", message);
  }
}

/** Thrown by `limitMemory` when a module's memory is larger than the limit from the start. */
export class MemoryLimitError extends WherryError {
  constructor(message: string) {
    super("memory-limit", message);
  }
}

/** Thrown by `createPreview1` and `Preview1.start` for options or instances that cannot be served. */
export class WasiOptionsError extends WherryError {
  constructor(message: string, cause?: unknown) {
    super("wasi-options", message, cause === undefined ? {} : { cause });
  }
}

/** What `Preview1.start` rejects with when the host was closed while the guest ran. */
export class GuestClosedError extends WherryError {
  constructor() {
    super("guest-closed", "The guest was stopped because its host was closed");
  }
}
