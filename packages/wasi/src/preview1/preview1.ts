import { type Logger, silentLogger } from "@wherry/base";
import { GuestClosedError, WasiOptionsError } from "../errors.ts";
import type { FileSystem } from "../files/file-system.ts";
import { createSystemGuestClock, type GuestClock } from "../guest-clock.ts";
import type { PreopenedSocket } from "../sockets.ts";
import type { ByteSink, ByteSource } from "../streams.ts";
import { type WasmFunction, type WasmImports, type WasmInstance, wasm } from "../web-assembly.ts";
import { preview1Functions, unstableFunctions } from "./functions.ts";
import { Guest } from "./guest.ts";
import { importTable } from "./import-table.ts";
import { openDescriptors } from "./open-descriptors.ts";
import { type TrapKind, trapKind } from "./trap.ts";

/** A directory that a guest finds open when it starts. */
export interface Preopen {
  /** Its path as the guest sees it, such as `/data`. */
  readonly guestPath: string;
  /** A directory of the host. Exactly one of `hostPath` and `fs` is given. */
  readonly hostPath?: string;
  readonly fs?: FileSystem;
  /** Whether every change is refused with EROFS. @default false */
  readonly readOnly?: boolean;
}

/** What a guest is given: arguments, environment, streams and directories, and nothing else. */
export interface Preview1Options {
  /** The arguments, the program's name first. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: ByteSource;
  readonly stdout: ByteSink;
  readonly stderr: ByteSink;
  /** Whether the three streams are a terminal, which programs ask to choose how they buffer. @default false */
  readonly terminal?: boolean;
  /** Directories, on the descriptors after those of the sockets. */
  readonly preopens: readonly Preopen[];
  /** Sockets, on the descriptors from 3 on. @default [] */
  readonly sockets?: readonly PreopenedSocket[];
  /** @default the machine's clocks */
  readonly clock?: GuestClock;
  /** Fills a buffer of at most 65,536 bytes with random bytes. @default the machine's cryptographic source */
  readonly random?: (buffer: Uint8Array) => void;
  /** Most descriptors the guest may have open; EMFILE beyond. @default 1024 */
  readonly maxDescriptors?: number;
  /** Told of failures inside the host that the guest only sees as EIO. @default silent */
  readonly logger?: Logger;
}

/** How a guest ended by itself. */
export type ExitStatus =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "trapped"; readonly message: string; readonly trap: TrapKind };

/** A preview 1 host for one instance of one module. */
export interface Preview1 {
  /**
   * Both module names of preview 1, `wasi_snapshot_preview1` and the older `wasi_unstable`. Functions that may wait trap
   * unless `start` runs the guest: a module's own start function, which runs while it is instantiated, cannot call them.
   */
  readonly imports: WasmImports;
  /**
   * Runs `_start` of an instance made with `imports` and resolves with how it ended; then all descriptors are closed. One
   * call per host. Rejects with `WasiOptionsError` for an instance without `_start` or memory and with `GuestClosedError`
   * after `close`.
   */
  start(instance: WasmInstance): Promise<ExitStatus>;
  /**
   * Stops the guest at the call it waits in, or at the next one it makes, and closes its descriptors. Idempotent. A guest
   * that computes without calling anything is not stopped.
   */
  close(): void;
}

/** Most descriptors of a guest when the options do not say. */
const defaultMaxDescriptors = 1024;

/**
 * Creates a host of WASI preview 1 (`wasi_snapshot_preview1` and `wasi_unstable`).
 *
 * Calls that wait suspend the guest by JavaScript Promise Integration and leave the thread free, so one thread can hold many
 * guests. All state belongs to the returned object. Throws `WasiOptionsError` for options that cannot be served, a host
 * directory that cannot be opened among them.
 */
export function createPreview1(options: Preview1Options): Preview1 {
  const guest = new Guest({
    args: withoutNul("argument", options.args),
    environ: withoutNul("environment variable", environ(options.env)),
    descriptors: openDescriptors(options, options.maxDescriptors ?? defaultMaxDescriptors),
    clock: options.clock ?? createSystemGuestClock(),
    // The global is loaded when it is first used, `node:crypto` when it is imported, which takes 6 ms.
    random: options.random ?? ((buffer) => void crypto.getRandomValues(buffer as Uint8Array<ArrayBuffer>)),
    logger: options.logger ?? silentLogger,
  });
  const imports: WasmImports = {
    wasi_snapshot_preview1: importTable(guest, preview1Functions),
    wasi_unstable: importTable(guest, unstableFunctions),
  };
  let started = false;
  return {
    imports,
    async start(instance) {
      if (started) throw new WasiOptionsError("Cannot start a guest twice on one host");
      started = true;
      try {
        return await run(guest, instance);
      } finally {
        guest.close();
      }
    },
    close: () => guest.close(),
  };
}

async function run(guest: Guest, instance: WasmInstance): Promise<ExitStatus> {
  const { memory, _start: entry } = instance.exports;
  if (!(memory instanceof wasm.Memory)) {
    throw new WasiOptionsError('Cannot start the guest: it exports no memory named "memory"');
  }
  if (typeof entry !== "function") {
    throw new WasiOptionsError('Cannot start the guest: it exports no function "_start"; only commands can be started');
  }
  guest.memory.attach(memory);
  try {
    await wasm.promising(entry as WasmFunction)();
    return { kind: "exited", code: 0 };
  } catch (error) {
    return statusOf(guest, error);
  }
}

function statusOf(guest: Guest, error: unknown): ExitStatus {
  if (guest.end?.kind === "exit") return { kind: "exited", code: guest.end.code };
  if (guest.end?.kind === "closed") throw new GuestClosedError();
  const trap = trapKind(error);
  if (trap === undefined) throw error;
  return { kind: "trapped", message: error instanceof Error ? error.message : "uncaught exception", trap };
}

function environ(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).map(([name, value]) => {
    if (name === "" || name.includes("=")) {
      throw new WasiOptionsError(
        `Cannot give a guest the environment variable "${name}": a name is not empty and has no "="`,
      );
    }
    return `${name}=${value}`;
  });
}

function withoutNul(what: string, strings: readonly string[]): readonly string[] {
  const bad = strings.findIndex((text) => text.includes("\0"));
  if (bad !== -1) throw new WasiOptionsError(`Cannot give a guest ${what} ${bad}: it contains a NUL`);
  return strings;
}
