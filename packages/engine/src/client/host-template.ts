import { createServer, type Server, type Socket } from "node:net";
import { errorMessage, type Logger } from "@wherry/base";
import {
  createServiceClient,
  engineService,
  listenUnix,
  type ServiceClient,
  TtrpcClient,
  taskService,
} from "@wherry/rpc";
import { EngineError } from "../errors.ts";
import { processIdentity } from "../platform/process-identity.ts";
import type { HostProcess, ProcessEnd } from "./host-process.ts";

/** How long the template, and a host split off, may take to answer. */
const answerTimeoutMs = 10_000;

type TemplateClient = ServiceClient<typeof engineService.Template>;

export interface HostTemplateOptions {
  /** Starts the template's process. */
  readonly spawn: () => Promise<HostProcess>;
  /** Where this engine listens for its hosts. */
  readonly socketPath: string;
  readonly logger: Logger;
}

/**
 * The process that hosts are split off from, started when the first is wanted and again after it died.
 *
 * Its hosts do not depend on it: they outlive it as they outlive the engine.
 */
export class HostTemplate {
  readonly #options: HostTemplateOptions;
  readonly #arrivals: Map<number, (connection: TtrpcClient) => void> = new Map();
  readonly #early: Map<number, TtrpcClient> = new Map();
  readonly #ends: Map<number, (end: ProcessEnd) => void> = new Map();
  readonly #server: Server;
  #stopListening: (() => Promise<void>) | undefined;
  #template: Promise<{ readonly process: HostProcess; readonly client: TemplateClient }> | undefined;

  constructor(options: HostTemplateOptions) {
    this.#options = options;
    this.#server = createServer((socket) => void this.#accept(socket));
  }

  /** Splits off a host process that serves in `directory`. */
  async fork(directory: string): Promise<HostProcess> {
    const { client } = await this.#ready();
    const { pid } = await client.fork({ socket: this.#options.socketPath, directory }, { timeoutMs: answerTimeoutMs });
    const ended = new Promise<ProcessEnd>((resolve) => this.#ends.set(pid, resolve));
    const connection = await Promise.race([this.#arrival(pid), ended.then((end) => failedStart(pid, end))]);
    const identity = processIdentity(pid);
    if (identity === undefined) {
      connection.close();
      throw new EngineError("Unavailable", `Cannot start a host process: process ${pid} ended at once`);
    }
    return { identity, connection, ended, unref: () => undefined };
  }

  /** Ends the template; hosts go on. */
  async close(): Promise<void> {
    const template = await this.#template?.catch(() => undefined);
    this.#template = undefined;
    template?.process.connection.close();
    await template?.process.ended;
    await this.#stopListening?.();
    this.#stopListening = undefined;
  }

  #ready(): Promise<{ readonly process: HostProcess; readonly client: TemplateClient }> {
    this.#template ??= this.#start().catch((error: unknown) => {
      this.#template = undefined;
      throw error;
    });
    return this.#template;
  }

  async #start(): Promise<{ readonly process: HostProcess; readonly client: TemplateClient }> {
    this.#stopListening ??= await listenUnix(this.#server, this.#options.socketPath);
    const process = await this.#options.spawn();
    const client = createServiceClient(engineService.Template, process.connection);
    try {
      await client.ready({}, { timeoutMs: answerTimeoutMs });
    } catch (error) {
      process.connection.close();
      throw new EngineError("Unavailable", "Cannot start the template of hosts", { cause: error });
    }
    void this.#collectEnds(client);
    return { process, client };
  }

  /** Passes on how hosts ended, as long as the template lives. */
  async #collectEnds(client: TemplateClient): Promise<void> {
    try {
      for (;;) {
        const { pid, code, signal } = await client.reap({});
        this.#ends.get(pid)?.(signal === 0 ? { code, signal: undefined } : { code: undefined, signal });
        this.#ends.delete(pid);
      }
    } catch (error) {
      this.#options.logger.debug("The template of hosts is gone", { error: errorMessage(error) });
      this.#template = undefined;
      // What became of them is not known any more.
      for (const end of this.#ends.values()) end({ code: undefined, signal: undefined });
      this.#ends.clear();
    }
  }

  #arrival(pid: number): Promise<TtrpcClient> {
    const early = this.#early.get(pid);
    this.#early.delete(pid);
    if (early !== undefined) return Promise.resolve(early);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#arrivals.delete(pid);
        reject(new EngineError("Unavailable", `Cannot start a host process: ${pid} did not connect`));
      }, answerTimeoutMs);
      this.#arrivals.set(pid, (connection) => {
        clearTimeout(timer);
        this.#arrivals.delete(pid);
        resolve(connection);
      });
    });
  }

  async #accept(socket: Socket): Promise<void> {
    const connection = new TtrpcClient(socket);
    try {
      // Not a ping, whose answer waits for more.
      const { shimPid: pid } = await createServiceClient(taskService.Task, connection).connect(
        {},
        { timeoutMs: answerTimeoutMs },
      );
      const waiting = this.#arrivals.get(pid);
      if (waiting !== undefined) {
        waiting(connection);
        return;
      }
      this.#early.set(pid, connection);
      // The template throws a child away when its own memory moved in between.
      void connection.closed.then(() => this.#early.delete(pid));
    } catch {
      connection.close();
    }
  }
}

function failedStart(pid: number, end: ProcessEnd): never {
  const how = end.signal === undefined ? `code ${end.code}` : `signal ${end.signal}`;
  throw new EngineError("Unavailable", `Cannot start a host process: process ${pid} ended with ${how}`);
}
