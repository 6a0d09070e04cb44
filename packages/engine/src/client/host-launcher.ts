import { rmSync } from "node:fs";
import { createServiceClient, engineService } from "@wherry/rpc";
import { EngineError } from "../errors.ts";
import { killProcess } from "../platform/process-identity.ts";
import { protocolVersion } from "../protocol/guests.ts";
import type { HostBundle } from "./host-bundle.ts";
import { type HostProcess, type HostProcessOptions, spawnHost } from "./host-process.ts";

/** How long a new process may take until it answers. */
const spawnTimeoutMs = 15_000;

export interface HostLauncherOptions extends HostProcessOptions {
  readonly bundle?: HostBundle;
}

/** Starts host processes. */
export class HostLauncher {
  readonly #options: HostLauncherOptions;

  constructor(options: HostLauncherOptions) {
    this.#options = options;
  }

  /** A process that is ready for a guest, with `flags` for its Node. */
  async launch(flags: readonly string[] = []): Promise<HostProcess> {
    let host: HostProcess | undefined;
    try {
      host = await spawnHost(this.#options, flags, this.#arguments(flags));
      const guests = createServiceClient(engineService.Guests, host.connection);
      const { version } = await guests.ping({}, { timeoutMs: spawnTimeoutMs });
      if (version === protocolVersion) return host;
      throw new EngineError("FailedPrecondition", `Host process speaks version ${version}, not ${protocolVersion}`);
    } catch (error) {
      if (host !== undefined) await this.discard(host);
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
