import { accessSync, chmodSync, constants, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Clock, errorMessage, type Logger, raceAbort, silentLogger, systemClock } from "@wherry/base";
import { Authenticator } from "./auth/authenticator.ts";
import { Authorizer } from "./auth/authorizer.ts";
import { NodeAuthorizer } from "./auth/node-authorizer.ts";
import { ServiceAccountTokens, tokenIssuer } from "./auth/service-account-tokens.ts";
import { TokenFile } from "./auth/token-file.ts";
import { adminUser, nodeUser } from "./auth/user.ts";
import { expireEvents } from "./controllers/event-expiry.ts";
import { GarbageCollector } from "./controllers/garbage-collector.ts";
import { NamespaceController } from "./controllers/namespace-controller.ts";
import { startWorkloadControllers } from "./controllers/workload-controllers.ts";
import { SchemaCatalog } from "./decoding/schema-catalog.ts";
import { Discovery } from "./discovery/discovery.ts";
import { ControlPlaneError } from "./errors.ts";
import { ApiServer } from "./http/api-server.ts";
import { createHandlers } from "./http/create-handlers.ts";
import { FaultInjector } from "./http/fault-injector.ts";
import { connectToKubelet } from "./http/kubelet-proxy.ts";
import { Listener } from "./http/listener.ts";
import { ResourceHandler } from "./http/resource-handler.ts";
import type { WatchStream } from "./http/watch-stream.ts";
import { OpenApi } from "./openapi/openapi.ts";
import { loadCertificates } from "./pki/certificates.ts";
import { kubeconfigText } from "./pki/kubeconfig.ts";
import { writePrivateFile } from "./pki/write-private-file.ts";
import { RegistryServer } from "./registry/registry-server.ts";
import { allSchemas } from "./resources/extra-schemas.ts";
import { ResourceIndex, resourceTable } from "./resources/resource-table.ts";
import { Scheduler } from "./scheduler/scheduler.ts";
import { checkpointWhenIdle } from "./storage/checkpoint-when-idle.ts";
import { RevisionLog } from "./storage/revision-log.ts";
import { Store, type StoreOptions } from "./storage/store.ts";
import type { VerbServices } from "./verbs/verb-services.ts";

/** Where an embedded control plane keeps its state, and where it listens. */
export interface ControlPlaneOptions {
  /** Directory for the database, certificates, tokens and kubeconfigs; made if missing. */
  readonly stateDirectory: string;
  /** Port of the API server on 127.0.0.1; 0 for any free one. @default 0 */
  readonly port?: number;
  /** Port of the OCI registry on 127.0.0.1; 0 for any free one. @default 0 */
  readonly registryPort?: number;
  /** @default systemClock */
  readonly clock?: Clock;
  /** @default silentLogger */
  readonly logger?: Logger;
  /** What `/version` answers as gitVersion. @default v1.36.0 */
  readonly kubernetesVersion?: string;
  /** How much history watches may resume from. */
  readonly history?: StoreOptions;
  /** Milliseconds between watch bookmarks. @default 60 000 */
  readonly bookmarkIntervalMs?: number;
}

/** Where a started control plane is found. */
export interface ControlPlaneAddress {
  /** `https://127.0.0.1:PORT`. */
  readonly url: string;
  /** Kubeconfig of the administrator. */
  readonly kubeconfigPath: string;
  /** `127.0.0.1:PORT` of the OCI registry, plain HTTP. */
  readonly registryAddress: string;
  /** PEM file of the authority: of the API server's certificate, and of the client certificate it shows to kubelets. */
  readonly authorityPath: string;
}

/** An API server, scheduler and controllers for one machine. */
export interface ControlPlane extends AsyncDisposable {
  /** Starts everything; resolves when requests are answered. Throws ControlPlaneError. A second call gives the same. */
  start(): Promise<ControlPlaneAddress>;
  /** Starts, and stops when `signal` aborts; resolves when everything has stopped. */
  run(signal: AbortSignal): Promise<void>;
  /** Resolves when started, through whichever of the two. */
  readonly ready: Promise<ControlPlaneAddress>;
  /** Writes a kubeconfig with the identity of a node and gives its path; the same node always gets the same token. */
  nodeKubeconfig(nodeName: string): Promise<string>;
  /** PEM file of the authority that kubelets must believe when the API server connects to them. */
  readonly kubeletClientCaPath: string;
  /** Disturbances for tests. */
  readonly faults: FaultInjector;
  /** Stops everything; idempotent. */
  stop(): Promise<void>;
}

/**
 * Makes a control plane that keeps its state in one directory; nothing is touched before it is started.
 *
 * @example
 * await using plane = createControlPlane({ stateDirectory });
 * const { kubeconfigPath } = await plane.start();
 */
export function createControlPlane(options: ControlPlaneOptions): ControlPlane {
  return new EmbeddedControlPlane(options);
}

class EmbeddedControlPlane implements ControlPlane {
  readonly #options: ControlPlaneOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #streams: Set<WatchStream> = new Set();
  readonly #ready: PromiseWithResolvers<ControlPlaneAddress> = Promise.withResolvers();
  readonly faults: FaultInjector = new FaultInjector(this.#streams);
  #starting: Promise<ControlPlaneAddress> | undefined;
  #stopping: Promise<void> | undefined;
  #parts: RunningParts | undefined;

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    // Whoever awaits it sees the failure; who does not must not be ended by it.
    this.#ready.promise.catch(() => undefined);
  }

  get ready(): Promise<ControlPlaneAddress> {
    return this.#ready.promise;
  }

  get kubeletClientCaPath(): string {
    return join(this.#options.stateDirectory, "pki", "ca.crt");
  }

  start(): Promise<ControlPlaneAddress> {
    this.#starting ??= this.#start().then(
      (address) => {
        this.#ready.resolve(address);
        return address;
      },
      (error: unknown) => {
        this.#ready.reject(error);
        throw error;
      },
    );
    return this.#starting;
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.start();
    try {
      await raceAbort(this.#parts?.failed ?? Promise.resolve(), signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      await this.stop();
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async nodeKubeconfig(nodeName: string): Promise<string> {
    if (this.#parts === undefined) {
      throw new ControlPlaneError(
        "NOT_STARTED",
        `Cannot make a kubeconfig for node "${nodeName}": start() comes first`,
      );
    }
    if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(nodeName)) {
      throw new ControlPlaneError(
        "INVALID_NODE_NAME",
        `Cannot make a kubeconfig for node "${nodeName}": a node name consists of lower-case letters, digits, "-" and "."`,
      );
    }
    return this.#parts.writeKubeconfig(`node-${nodeName}.kubeconfig`, nodeUser(nodeName));
  }

  async #start(): Promise<ControlPlaneAddress> {
    const { stateDirectory } = this.#options;
    prepareDirectory(stateDirectory);
    const log = new RevisionLog(join(stateDirectory, "state.db"));
    try {
      this.#parts = await startParts({
        ...this.#options,
        log,
        clock: this.#clock,
        logger: this.#logger,
        streams: this.#streams,
        faults: this.faults,
      });
      return this.#parts.address;
    } catch (error) {
      log.close();
      throw error;
    }
  }

  async #stop(): Promise<void> {
    try {
      await this.#starting;
    } catch {
      // A failed start has cleaned up after itself.
    }
    await this.#parts?.stop();
  }
}

interface PartsOptions extends ControlPlaneOptions {
  readonly log: RevisionLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly streams: Set<WatchStream>;
  readonly faults: FaultInjector;
}

interface RunningParts {
  readonly address: ControlPlaneAddress;
  /** Rejects when a part that should go on ends. */
  readonly failed: Promise<void>;
  writeKubeconfig(fileName: string, user: ReturnType<typeof nodeUser>): string;
  stop(): Promise<void>;
}

async function startParts(options: PartsOptions): Promise<RunningParts> {
  const { stateDirectory, log, clock, logger, streams, faults } = options;
  const certificates = await loadCertificates(join(stateDirectory, "pki"), clock);
  const tokens = new TokenFile(join(stateDirectory, "tokens.json"));
  const store = new Store(log, { logger, ...options.history });
  faults.attach(store);
  const services: VerbServices = { store, schemas: new SchemaCatalog(allSchemas), clock };
  const index = new ResourceIndex(resourceTable);
  const version = options.kubernetesVersion ?? "v1.36.0";
  const accountTokens = new ServiceAccountTokens(services, join(stateDirectory, "pki", "service-account.key"));
  const authenticator = new Authenticator({ tokens, verifier: accountTokens, audiences: [tokenIssuer] });
  const authorizer = new Authorizer(new NodeAuthorizer(store));
  let isReady = false;
  const api = new ApiServer({
    index,
    discovery: new Discovery(index),
    openApi: new OpenApi(index, allSchemas, version),
    resources: new ResourceHandler({
      services,
      createHandlers: createHandlers({ services, authenticator, authorizer, accountTokens }),
      connect: connectToKubelet({ services, clientCertificate: certificates.kubeletClient }),
      streams,
      ...(options.bookmarkIntervalMs === undefined ? {} : { bookmarkIntervalMs: options.bookmarkIntervalMs }),
    }),
    authenticator,
    authorizer,
    faults,
    logger,
    version: versionAnswer(version),
    isReady: () => isReady,
  });
  const listener = new Listener({
    port: options.port ?? 0,
    serving: certificates.serving,
    clientAuthority: certificates.authority.certificate,
    handle: (exchange) => api.handle(exchange),
  });
  const registry = new RegistryServer({
    directory: join(stateDirectory, "registry"),
    port: options.registryPort ?? 0,
    logger: logger.child({ component: "registry" }),
  });
  const registryAddress = await registry.listen();
  const port = await listener.listen().catch(async (error: unknown) => {
    await registry.close();
    throw error;
  });
  const url = `https://127.0.0.1:${port}`;
  const writeKubeconfig = (fileName: string, user: ReturnType<typeof nodeUser>): string => {
    const path = join(stateDirectory, fileName);
    const token = tokens.tokenFor(user);
    writePrivateFile(
      path,
      kubeconfigText({ server: url, authority: certificates.authority.certificate, user: user.name, token }),
    );
    return path;
  };
  const controller = new AbortController();
  const { signal } = controller;
  const tasks = [
    new NamespaceController({ services, index, authority: certificates.authority.certificate, logger }).run(signal),
    new GarbageCollector(services, index, logger).run(signal),
    new Scheduler(services, logger).run(signal),
    ...startWorkloadControllers(services, logger, signal),
    expireEvents(services, logger, signal),
    checkpointWhenIdle(log, store, clock, logger, signal),
  ];
  const failed = Promise.all(tasks).then(() => undefined);
  failed.catch((error: unknown) => logger.error("Control plane part ended", { error: errorMessage(error) }));
  const kubeconfigPath = writeKubeconfig("admin.kubeconfig", adminUser);
  isReady = true;
  return {
    address: {
      url,
      kubeconfigPath,
      registryAddress,
      authorityPath: certificates.authorityPath,
    },
    failed,
    writeKubeconfig,
    async stop() {
      isReady = false;
      controller.abort();
      await Promise.all([listener.close(), registry.close()]);
      await failed.catch(() => undefined);
      log.close();
    },
  };
}

function prepareDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chmodSync(path, 0o700);
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new ControlPlaneError(
      "STATE_DIRECTORY_UNUSABLE",
      `Cannot use state directory "${path}": it must be a directory that this user may write to`,
      { cause },
    );
  }
}

function versionAnswer(gitVersion: string): Readonly<Record<string, string>> {
  const [major = "1", minor = "0"] = gitVersion.replace(/^v/, "").split(".");
  return {
    major,
    minor,
    emulationMajor: major,
    emulationMinor: minor,
    minCompatibilityMajor: major,
    minCompatibilityMinor: String(Number(minor) - 1),
    gitVersion: gitVersion.startsWith("v") ? gitVersion : `v${gitVersion}`,
    gitCommit: "unknown",
    gitTreeState: "clean",
    buildDate: "1970-01-01T00:00:00Z",
    goVersion: "none",
    compiler: "none",
    platform: `${process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`,
  };
}
