import { createPreview1, emptySource, type Preview1 } from "@wherry/wasi";
import type { GuestSpec } from "../guest.ts";
import { collectGarbageLater } from "./collect-garbage.ts";
import { ControlBlock } from "./control-block.ts";
import { CriLog } from "./cri-log.ts";
import { InputSource } from "./input-source.ts";
import { checkModule, loadModule, RefusedGuestError } from "./load-module.ts";
import { LogClock } from "./log-clock.ts";
import { LogFile } from "./log-file.ts";
import { MountTree } from "./mounts/mount-tree.ts";
import { outputSink } from "./output-sink.ts";
import { wasm } from "./web-assembly.ts";
import type { WorkerReport, WorkerRequest } from "./worker-messages.ts";

/** Runs one guest in a worker: told what to do by `WorkerRequest`s, tells what happens by `WorkerReport`s. */
export class GuestRunner {
  readonly #report: (report: WorkerReport) => void;
  #prepared: { readonly module: object; readonly preview1: Preview1; readonly path: string } | undefined;
  #input: InputSource | undefined;

  constructor(report: (report: WorkerReport) => void) {
    this.#report = report;
  }

  handle(request: WorkerRequest): void {
    switch (request.type) {
      case "prepare":
        this.#guard(() => this.#prepare(request.spec, new ControlBlock(request.control)));
        break;
      case "start":
        this.#guard(() => this.#start());
        break;
      case "input":
        this.#input?.push(request.bytes);
        break;
      case "input-end":
        this.#input?.end();
        break;
    }
  }

  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#report({ type: "refused", message: error instanceof Error ? error.message : String(error) });
    }
  }

  #prepare(spec: GuestSpec, control: ControlBlock): void {
    const path = spec.modulePath;
    const module = loadModule(path, spec.memoryLimitBytes);
    const log = openCriLog(spec, control);
    if (spec.stdin) this.#input = new InputSource((sizeBytes) => this.#report({ type: "input-taken", sizeBytes }));
    const preview1 = createPreview1({
      args: spec.args,
      env: environment(spec),
      stdin: this.#input ?? emptySource,
      stdout: outputSink("stdout", control, log, this.#report),
      stderr: outputSink("stderr", control, log, this.#report),
      preopens: [{ guestPath: "/", fs: new MountTree(spec.mounts) }],
    });
    checkModule(module, path, preview1.imports);
    this.#prepared = { module, preview1, path };
    this.#report({ type: "prepared" });
  }

  #start(): void {
    const prepared = this.#prepared;
    if (prepared === undefined) throw new RefusedGuestError("Cannot start the guest: it was not prepared");
    this.#prepared = undefined;
    // Said before the module's own start function runs, which may never return.
    this.#report({ type: "started" });
    collectGarbageLater();
    const { module, preview1 } = prepared;
    try {
      const instance = new wasm.Instance(module, preview1.imports);
      void preview1.start(instance).then(
        (status) =>
          this.#report(
            status.kind === "exited"
              ? { type: "exited", code: status.code }
              : { type: "trapped", message: status.message },
          ),
        (error: unknown) => this.#report({ type: "trapped", message: String(error) }),
      );
    } catch (error) {
      if (error instanceof wasm.LinkError) throw new RefusedGuestError(`Cannot link the module: ${error.message}`);
      this.#report({ type: "trapped", message: error instanceof Error ? error.message : String(error) });
    }
  }
}

/** WASI has no working directory; programs that look for one find it in `PWD`, as shells leave it there. */
function environment({ env, workingDir }: GuestSpec): Readonly<Record<string, string>> {
  return workingDir === "" || Object.hasOwn(env, "PWD") ? env : { ...env, PWD: workingDir };
}

function openCriLog(spec: GuestSpec, control: ControlBlock): CriLog | undefined {
  if (spec.logPath === "") return undefined;
  try {
    const file = new LogFile(spec.logPath, control);
    return new CriLog(control, new LogClock(), (entries) => file.append(entries));
  } catch (error) {
    throw new RefusedGuestError(
      `Cannot open log file "${spec.logPath}": ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
