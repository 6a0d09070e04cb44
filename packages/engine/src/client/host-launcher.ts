import { rmSync } from "node:fs";
import { createServiceClient, engineService } from "@wherry/rpc";
import { EngineError } from "../errors.ts";
import { killProcess } from "../platform/process-identity.ts";
import { protocolVersion } from "../protocol/guests.ts";
import type { HostBundle } from "./host-bundle.ts";
import { type HostProcess, type HostProcessOptions, spawnHost } from "./host-process.ts";

/** How long a new process may take until it answers; ending those that are slow would make an overloaded machine slower still. */
const spawnTimeoutMs = 60_000;

export interface HostLauncherOptions extends HostProcessOptions {
  readonly bundle?: HostBundle;
}

/** A host process that was just started. */
export interface LaunchedHost extends HostProcess {
  /** Resolves when the process has answered; it is gone when this rejects. */
  readonly up: Promise<void>;
}

/** Starts host processes. */
export class HostLauncher {
  readonly #options: HostLauncherOptions;

  constructor(options: HostLauncherOptions) {
    this.#options = options;
  }

  /** A process that can be given a guest, which it runs once it is up; with `flags` for its Node. */
  async launch(flags: readonly string[] = []): Promise<LaunchedHost> {
    const host = await spawnHost(this.#options, flags, this.#arguments(flags));
    const up = this.#answer(host);
    up.catch(() => undefined);
    return { ...host, up };
  }

  async #answer(host: HostProcess): Promise<void> {
    try {
      const guests = createServiceClient(engineService.Guests, host.connection);
      const { version } = await guests.ping({}, { timeoutMs: spawnTimeoutMs });
      if (version === protocolVersion) return;
      throw new EngineError("FailedPrecondition", `Host process speaks version ${version}, not ${protocolVersion}`);
    } catch (error) {
      await this.discard(host);
      // Should the compiled form be what it dies of, the next one does without.
      if (this.#options.bundle !== undefined) rmSync(this.#options.bundle.cachePath, { force: true });
      if (error instanceof EngineError) throw error;
      throw new EngineError("Unavailable", "Cannot start a host process: it did not answer", { cause: error });
    }
  }

  /** Compiled code is good for the usual flags only. */
  #arguments(flags: readonly string[]): string[] {
    const { bundle } = this.#options;
    if (bundle === undefined) return [];
    return flags.length === 0 ? [bundle.codePath, bundle.cachePath] : [bundle.codePath];
  }

  /** Ends a process that holds nothing yet. */
  async discard(host: HostProcess): Promise<void> {
    host.connection.close();
    killProcess(host.identity);
    await host.ended;
  }
}
