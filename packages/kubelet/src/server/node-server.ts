import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { aborted, type Clock, errorMessage, type Logger, runTogether } from "@wherry/base";
import type { KubernetesClient } from "@wherry/client";
import type { NodeAddress } from "@wherry/kubernetes";
import type { ResolvedConfiguration } from "../configuration/resolve-configuration.ts";
import { shownConfiguration } from "../configuration/shown-configuration.ts";
import { KubeletError } from "../errors.ts";
import type { LogSource } from "../ports/log-source.ts";
import type { PodDirectory } from "../ports/pod-directory.ts";
import {
  type Authenticator,
  anonymousAuthenticator,
  certificateAuthenticator,
  firstOf,
  tokenAuthenticator,
} from "./authenticator.ts";
import { type Authorizer, alwaysAllow, webhookAuthorizer } from "./authorizer.ts";
import type { HealthCheck } from "./health-checks.ts";
import { HealthzServer } from "./healthz-server.ts";
import { kubeletRoutes } from "./kubelet-routes.ts";
import { KubeletServer, type ServerTls } from "./kubelet-server.ts";
import { MetricsRegistry } from "./metrics/metrics-registry.ts";
import { registerNodeMetrics, registerRequestMetrics } from "./metrics/node-metrics.ts";
import { registerProcessMetrics } from "./metrics/process-metrics.ts";
import { createRequestPipeline } from "./request-pipeline.ts";
import { readServingCertificate, selfSignedCertificate } from "./serving-certificate.ts";
import { TlsReloader } from "./tls-reloader.ts";
import { createTokenReviewer } from "./token-review.ts";

export interface NodeServerOptions {
  readonly configuration: ResolvedConfiguration;
  readonly client: KubernetesClient;
  readonly nodeName: string;
  readonly addresses: readonly NodeAddress[];
  readonly certDirectory: string;
  readonly pods: PodDirectory;
  readonly logs: LogSource;
  readonly healthChecks: readonly HealthCheck[];
  /** Served at `/metrics`, with those of process, node and requests added. @default a registry of its own */
  readonly metrics?: MetricsRegistry | undefined;
  /** Served at `/metrics/probes`. @default a registry of its own */
  readonly probeMetrics?: MetricsRegistry | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The kubelet's HTTP interfaces as configured: the HTTPS API and the plain health endpoint on loopback. */
export interface NodeServer {
  /** Port of the HTTPS API; undefined where it is off. */
  readonly port: number | undefined;
  /** Serves until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Starts to listen; rejects with `KubeletError` for a port in use, a certificate or a client CA that cannot be read. */
export async function openNodeServer(options: NodeServerOptions): Promise<NodeServer> {
  const { configuration, healthChecks, clock, logger } = options;
  const load = () => loadTls(options);
  const tls = configuration.server.enabled ? await load() : undefined;
  const api = tls === undefined ? undefined : createApi(options, tls);
  const { address, port } = configuration.healthz;
  const healthz = port === 0 ? undefined : new HealthzServer({ address, port, checks: healthChecks, logger });
  await api?.listen();
  try {
    await healthz?.listen();
  } catch (error) {
    await api?.close();
    throw error;
  }
  const tasks: { run(signal: AbortSignal): Promise<void> }[] = [];
  if (api !== undefined && tls !== undefined)
    tasks.push(api, new TlsReloader({ load, current: tls, server: api, clock, logger }));
  if (healthz !== undefined) tasks.push(healthz);
  return {
    get port() {
      return api?.port;
    },
    run: (signal) =>
      runTogether(
        signal,
        tasks.length === 0 ? [aborted] : tasks.map((task) => (inner: AbortSignal) => task.run(inner)),
      ),
  };
}

function createApi(options: NodeServerOptions, tls: ServerTls): KubeletServer {
  const { configuration, nodeName, pods, clock, logger } = options;
  const { server } = configuration;
  const { metrics = new MetricsRegistry(), probeMetrics = new MetricsRegistry() } = options;
  registerProcessMetrics(metrics, clock.now());
  registerNodeMetrics(metrics, { nodeName, pods: () => pods.list() });
  const handle = createRequestPipeline({
    routes: kubeletRoutes({
      ...options,
      configuration: () => shownConfiguration(configuration.source),
      metrics: { "/metrics": () => metrics.render(), "/metrics/probes": () => probeMetrics.render() },
      debugging: server.debuggingHandlers,
    }),
    authenticate: authenticator(options),
    authorize: authorizer(options),
    logger,
    onRequest: registerRequestMetrics(metrics),
  });
  return new KubeletServer({ address: server.address, port: server.port, tls, handle, logger });
}

async function loadTls(options: NodeServerOptions): Promise<ServerTls> {
  const { server, authentication } = options.configuration;
  return {
    ...(await servingCertificate(options)),
    clientCertificateAuthority: await clientAuthority(authentication.clientCaFile),
    minVersion: server.tlsMinVersion,
    ciphers: server.tlsCiphers,
  };
}

async function servingCertificate(options: NodeServerOptions): Promise<{ certificate: string; privateKey: string }> {
  const { tlsCertFile, tlsPrivateKeyFile } = options.configuration.server;
  if (tlsCertFile !== undefined && tlsPrivateKeyFile !== undefined)
    return readServingCertificate(tlsCertFile, tlsPrivateKeyFile);
  try {
    return await selfSignedCertificate({
      directory: options.certDirectory,
      nodeName: options.nodeName,
      addresses: options.addresses.map(({ address }) => address),
      nowMs: options.clock.now(),
    });
  } catch (error) {
    if (error instanceof KubeletError) throw error;
    const message = `Cannot keep the serving certificate in --cert-dir "${options.certDirectory}": ${errorMessage(error)}; give a directory this user can write to`;
    throw new KubeletError("DirectoryUnusable", message, { cause: error });
  }
}

async function clientAuthority(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const wrong = (verb: string, reason: string, cause: unknown) =>
    new KubeletError("CertificateInvalid", `Cannot ${verb} authentication.x509.clientCAFile "${path}": ${reason}`, {
      cause,
    });
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw wrong("read", errorMessage(error), error);
  }
  try {
    // TLS would take it for a file of no authorities, and refuse every client.
    new X509Certificate(text);
  } catch (error) {
    throw wrong("use", "it must begin with a certificate in PEM", error);
  }
  return text;
}

function authenticator({ configuration, client, clock }: NodeServerOptions): Authenticator {
  const { webhook, anonymous } = configuration.authentication;
  const reviewer = createTokenReviewer({ client, cacheTtlMs: webhook.cacheTtlMs, clock });
  return firstOf([
    certificateAuthenticator(() => clock.now()),
    ...(webhook.enabled ? [tokenAuthenticator(reviewer)] : []),
    ...(anonymous ? [anonymousAuthenticator] : []),
  ]);
}

function authorizer({ configuration, client, nodeName, clock }: NodeServerOptions): Authorizer {
  const { mode, allowTtlMs, denyTtlMs } = configuration.authorization;
  return mode === "AlwaysAllow" ? alwaysAllow : webhookAuthorizer({ client, nodeName, allowTtlMs, denyTtlMs, clock });
}
