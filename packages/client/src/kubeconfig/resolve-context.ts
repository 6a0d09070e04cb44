import type { Clock, Logger } from "@wherry/base";

import { ClientConfigError } from "../errors.ts";
import type { ClusterConfig, CredentialSource } from "./cluster-config.ts";
import { ExecCredentials } from "./exec-credentials.ts";
import { FileCredentials } from "./file-credentials.ts";
import type { Kubeconfig, KubeconfigCluster, KubeconfigUser, PemSource } from "./kubeconfig.ts";
import { loadKubeconfig } from "./load-kubeconfig.ts";
import { readSmallFile } from "./read-small-file.ts";

export interface ResolveContextOptions {
  /** @default the current context of the kubeconfig */
  readonly context?: string | undefined;
  /** Environment of credential plugins, to which the kubeconfig may add. @default empty */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

export interface LoadClusterConfigOptions extends ResolveContextOptions {
  /** Kubeconfig files in order of precedence, such as the parts of `KUBECONFIG`. */
  readonly paths: readonly string[];
}

/** Loads kubeconfig files and resolves one context of them; see {@link loadKubeconfig} and {@link resolveContext}. */
export async function loadClusterConfig(options: LoadClusterConfigOptions): Promise<ClusterConfig> {
  return resolveContext(await loadKubeconfig(options.paths), options);
}

/**
 * How to reach the cluster of a context as its user; reads the certificate and token files it names.
 *
 * Throws `ClientConfigError` when the context, what it refers to, or a file is missing or unusable; other contexts need not be
 * usable. Credential plugins run at the first request, not here.
 */
export async function resolveContext(
  kubeconfig: Kubeconfig,
  options: ResolveContextOptions = {},
): Promise<ClusterConfig> {
  const files = kubeconfig.files.join(", ");
  const name = options.context ?? kubeconfig.currentContext;
  if (name === undefined)
    throw new ClientConfigError(`Cannot use ${files}: current-context is missing and no context is named`);
  const context = kubeconfig.contexts.get(name)?.();
  if (context === undefined)
    throw new ClientConfigError(
      `Cannot use ${files}: context ${JSON.stringify(name)} is not defined, there are ${names(kubeconfig.contexts)}`,
    );
  const cluster = kubeconfig.clusters.get(context.cluster)?.();
  if (cluster === undefined)
    throw new ClientConfigError(
      `Cannot use ${context.origin}: context ${JSON.stringify(name)} names cluster ${JSON.stringify(context.cluster)}, there are ${names(kubeconfig.clusters)}`,
    );
  const user = context.user === undefined ? undefined : kubeconfig.users.get(context.user)?.();
  if (context.user !== undefined && user === undefined)
    throw new ClientConfigError(
      `Cannot use ${context.origin}: context ${JSON.stringify(name)} names user ${JSON.stringify(context.user)}, there are ${names(kubeconfig.users)}`,
    );
  const certificateAuthority = await readPem(cluster.certificateAuthority, "certificate-authority");
  return {
    server: cluster.server,
    certificateAuthority,
    tlsServerName: cluster.tlsServerName,
    insecureSkipTlsVerify: cluster.insecureSkipTlsVerify,
    credentials: user === undefined ? undefined : await credentialsOf(user, cluster, certificateAuthority, options),
    impersonate: user?.impersonate,
    namespace: context.namespace,
  };
}

async function credentialsOf(
  user: KubeconfigUser,
  cluster: KubeconfigCluster,
  certificateAuthority: string | undefined,
  options: ResolveContextOptions,
): Promise<CredentialSource> {
  const { clientCertificate, clientKey, token, tokenFile, basic, exec } = user;
  const files = await FileCredentials.load({ clientCertificate, clientKey, token, tokenFile, basic }, options);
  if (exec === undefined) return files;
  return new ExecCredentials(exec, {
    ...options,
    base: files,
    cluster: {
      server: cluster.server,
      "tls-server-name": cluster.tlsServerName,
      "insecure-skip-tls-verify": cluster.insecureSkipTlsVerify || undefined,
      "certificate-authority-data":
        certificateAuthority === undefined ? undefined : Buffer.from(certificateAuthority).toString("base64"),
      config: cluster.execExtension,
    },
  });
}

async function readPem(source: PemSource | undefined, what: string): Promise<string | undefined> {
  if (source?.file !== undefined) return await readSmallFile(source.file, what);
  return source?.data;
}

function names(map: ReadonlyMap<string, unknown>): string {
  return map.size === 0 ? "none" : [...map.keys()].map((name) => JSON.stringify(name)).join(", ");
}
