import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createServiceClient, engineService } from "@wherry/rpc";
import { EngineError } from "../errors.ts";
import { killProcess } from "../platform/process-identity.ts";
import { protocolVersion } from "../protocol/guests.ts";
import { type HostProcess, spawnHost } from "./host-process.ts";

/** How long a new process may take until it serves and its worker is ready. */
const spawnTimeoutMs = 15_000;

export interface HostLauncherOptions {
  readonly stateDirectory: string;
  readonly nodeExecutable: string;
  readonly nodeArguments: readonly string[];
  readonly hostEntry: string;
}

/** A process that serves in a directory of its own and waits for a pod. */
export interface IdleHost extends HostProcess {
  /** Moves to the pod's place once it has one; the socket in it goes along. */
  readonly directory: string;
}

/** Starts host processes. */
export class HostLauncher {
  readonly #options: HostLauncherOptions;
  readonly #poolDirectory: string;
  readonly #instance: string = randomBytes(4).toString("hex");
  #launched = 0;

  constructor(options: HostLauncherOptions) {
    this.#options = options;
    this.#poolDirectory = join(options.stateDirectory, "pool");
  }

  /** A process that serves, with `flags` for its Node. */
  launch(flags: readonly string[] = []): Promise<IdleHost> {
    return this.#start((directory) => this.#spawn(flags, [directory]));
  }

  /** Ends a process that holds nothing yet, and removes its directory. */
  async discard(host: IdleHost): Promise<void> {
    host.connection.close();
    killProcess(host.identity);
    await host.ended;
    rmSync(host.directory, { recursive: true, force: true });
  }

  /** Removes what earlier engines left of their pools, whose processes ended with them. */
  removeLeftovers(): void {
    mkdirSync(this.#poolDirectory, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(this.#poolDirectory)) {
      if (!name.startsWith(this.#instance)) rmSync(join(this.#poolDirectory, name), { recursive: true, force: true });
    }
  }

  async #start(start: (directory: string) => Promise<HostProcess>): Promise<IdleHost> {
    const directory = join(this.#poolDirectory, `${this.#instance}-${this.#launched++}`);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    let host: IdleHost | undefined;
    try {
      host = { ...(await start(directory)), directory };
      const guests = createServiceClient(engineService.Guests, host.connection);
      const { version } = await guests.ping({}, { timeoutMs: spawnTimeoutMs });
      if (version === protocolVersion) return host;
      throw new EngineError("FailedPrecondition", `Host process speaks version ${version}, not ${protocolVersion}`);
    } catch (error) {
      if (host === undefined) rmSync(directory, { recursive: true, force: true });
      else await this.discard(host);
      if (error instanceof EngineError) throw error;
      throw new EngineError("Unavailable", "Cannot start a host process: it did not answer", { cause: error });
    }
  }

  #spawn(flags: readonly string[], hostArguments: readonly string[]): Promise<HostProcess> {
    const { nodeExecutable, nodeArguments, hostEntry } = this.#options;
    return spawnHost({ nodeExecutable, nodeArguments, hostEntry, logDescriptor: "ignore" }, flags, hostArguments);
  }
}
