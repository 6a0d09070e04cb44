import { createPreview1, type ExitStatus, emptySource, type Preview1 } from "@wherry/wasi";
import type { GuestSpec } from "../guest.ts";
import type { GuestLog } from "../log/guest-log.ts";
import type { AttachSessions } from "./attach-sessions.ts";
import { checkModule, loadModule, RefusedGuestError } from "./load-module.ts";
import { LoopTurns } from "./loop-turns.ts";
import { MountTree } from "./mounts/mount-tree.ts";
import { outputSink } from "./output-sink.ts";
import { socketEnvironment } from "./sockets/announce-sockets.ts";
import type { GuestSockets } from "./sockets/guest-sockets.ts";
import { wasm } from "./web-assembly.ts";

/** A guest's compiled module and the WASI host for its one instance. */
export class GuestProgram {
  readonly #module: object;
  readonly #preview1: Preview1;

  /**
   * Loads and checks the module; throws `RefusedGuestError` when the guest cannot be run.
   *
   * @param sockets those of `spec`
   */
  constructor(spec: GuestSpec, log: GuestLog | undefined, sessions: AttachSessions, sockets: GuestSockets) {
    const path = spec.modulePath;
    this.#module = loadModule(path, spec.memoryLimitBytes);
    const turns = new LoopTurns();
    this.#preview1 = createPreview1({
      args: spec.args,
      env: environment(spec),
      stdin: sessions.input ?? emptySource,
      stdout: outputSink("stdout", log, sessions, turns),
      stderr: outputSink("stderr", log, sessions, turns),
      sockets: sockets.listeners,
      preopens: [{ guestPath: "/", fs: new MountTree(spec.mounts) }],
    });
    checkModule(this.#module, path, this.#preview1.imports);
  }

  /**
   * Runs the guest and resolves with how it ended. Returns only when the guest first waits, which may be never. Throws
   * `RefusedGuestError` when the module cannot be linked, and rejects with what ended it in any other way.
   */
  run(): Promise<ExitStatus> {
    try {
      return this.#preview1.start(new wasm.Instance(this.#module, this.#preview1.imports));
    } catch (error) {
      if (error instanceof wasm.LinkError) throw new RefusedGuestError(`Cannot link the module: ${error.message}`);
      throw error;
    }
  }

  /** Stops the guest at the call it waits in. */
  close(): void {
    this.#preview1.close();
  }
}

/** WASI has no working directory; programs that look for one find it in `PWD`, as shells leave it there. */
function environment({ env, workingDir, sockets }: GuestSpec): Readonly<Record<string, string>> {
  const directory = workingDir === "" || Object.hasOwn(env, "PWD") ? {} : { PWD: workingDir };
  return { ...env, ...directory, ...socketEnvironment(sockets) };
}
