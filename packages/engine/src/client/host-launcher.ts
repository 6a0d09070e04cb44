import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { errorMessage, type Logger } from "@wherry/base";
import { createServiceClient, engineService } from "@wherry/rpc";
import { EngineError } from "../errors.ts";
import { killProcess } from "../platform/process-identity.ts";
import { protocolVersion } from "../protocol/guests.ts";
import { type HostProcess, spawnHost } from "./host-process.ts";
import { HostTemplate } from "./host-template.ts";

/** How long a new process may take until it serves and its worker is ready. */
const spawnTimeoutMs = 15_000;

/** The same for one that was forked, which has its code already. */
const forkTimeoutMs = 5_000;

export interface HostLauncherOptions {
  readonly stateDirectory: string;
  readonly nodeExecutable: string;
  readonly nodeArguments: readonly string[];
  readonly hostEntry: string;
  readonly hostStart: "spawn" | "fork";
  readonly logger: Logger;
}

/** A process that serves in a directory of its own and waits for a pod. */
export interface IdleHost extends HostProcess {
  /** Moves to the pod's place once it has one; the socket in it goes along. */
  readonly directory: string;
}

/** Starts host processes, by spawning them or by splitting them off from a template. */
export class HostLauncher {
  readonly #options: HostLauncherOptions;
  readonly #poolDirectory: string;
  readonly #instance: string = randomBytes(4).toString("hex");
  readonly #template: HostTemplate;
  #launched = 0;

  constructor(options: HostLauncherOptions) {
    this.#options = options;
    this.#poolDirectory = join(options.stateDirectory, "pool");
    this.#template = new HostTemplate({
      // V8's own threads would be missing in what is split off.
      spawn: () => this.#spawn(["--single-threaded", "--expose-gc"], ["template"]),
      socketPath: join(this.#poolDirectory, `${this.#instance}.s`),
      logger: options.logger,
    });
  }

  /** A process that serves; with `flags` for its Node it is spawned in any case. */
  async launch(flags: readonly string[] = []): Promise<IdleHost> {
    if (this.#options.hostStart === "fork" && flags.length === 0) {
      try {
        return await this.#start(forkTimeoutMs, (directory) => this.#template.fork(directory));
      } catch (error) {
        // The slower way always works.
        this.#options.logger.warn("Cannot fork a host, spawning it", { error: errorMessage(error) });
      }
    }
    return await this.#start(spawnTimeoutMs, (directory) => this.#spawn(flags, [directory]));
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

  /** Ends the template; hosts go on. */
  close(): Promise<void> {
    return this.#template.close();
  }

  async #start(timeoutMs: number, start: (directory: string) => Promise<HostProcess>): Promise<IdleHost> {
    const directory = join(this.#poolDirectory, `${this.#instance}-${this.#launched++}`);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    let host: IdleHost | undefined;
    try {
      host = { ...(await start(directory)), directory };
      const guests = createServiceClient(engineService.Guests, host.connection);
      const { version } = await guests.ping({}, { timeoutMs });
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
