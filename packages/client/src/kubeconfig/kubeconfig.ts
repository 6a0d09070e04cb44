import { dirname, resolve } from "node:path";
import { errorMessage } from "@wherry/base";
import { ClientConfigError } from "../errors.ts";
import { parseYaml } from "../yaml/parse-yaml.ts";
import type { Impersonation } from "./cluster-config.ts";
import { type ExecConfig, parseExecConfig } from "./exec-config.ts";
import { Fields } from "./fields.ts";

/** PEM text that stands in the file, or the path of a file that holds it. */
export interface PemSource {
  readonly data?: string | undefined;
  readonly file?: string | undefined;
}

export interface KubeconfigCluster {
  /** File the entry comes from, for messages. */
  readonly origin: string;
  readonly server: string;
  readonly certificateAuthority: PemSource | undefined;
  readonly insecureSkipTlsVerify: boolean;
  readonly tlsServerName: string | undefined;
  /** What the cluster says to credential plugins. */
  readonly execExtension: unknown;
}

export interface KubeconfigUser {
  readonly origin: string;
  readonly clientCertificate: PemSource | undefined;
  readonly clientKey: PemSource | undefined;
  readonly token: string | undefined;
  readonly tokenFile: string | undefined;
  readonly basic: { readonly username: string; readonly password: string } | undefined;
  readonly exec: ExecConfig | undefined;
  readonly impersonate: Impersonation | undefined;
}

export interface KubeconfigContext {
  readonly origin: string;
  readonly cluster: string;
  readonly user: string | undefined;
  readonly namespace: string | undefined;
}

/**
 * Reads an entry, throwing `ClientConfigError` for what cannot be used in it. Done when it is chosen, as kubectl does: the
 * entries of other contexts may be meant for other programs.
 */
export type KubeconfigEntry<T> = () => T;

/** Clusters, users and contexts by name, as one file or several merged ones define them. */
export interface Kubeconfig {
  readonly files: readonly string[];
  readonly currentContext: string | undefined;
  readonly clusters: ReadonlyMap<string, KubeconfigEntry<KubeconfigCluster>>;
  readonly users: ReadonlyMap<string, KubeconfigEntry<KubeconfigUser>>;
  readonly contexts: ReadonlyMap<string, KubeconfigEntry<KubeconfigContext>>;
}

/**
 * Parses the text of a kubeconfig as kubectl reads it: its first document, in which the last of the same key counts. `file` names it in
 * messages and is what relative paths in it are relative to.
 *
 * Throws `ClientConfigError` for text that is not a kubeconfig and for names that stand twice in it; its entries throw it for
 * fields that cannot be honoured, `proxy-url` among them.
 */
export function parseKubeconfig(text: string, file: string): Kubeconfig {
  const fields = new Fields(parseDocument(text, file), file, "");
  const kind = fields.text("kind");
  if (kind !== undefined && kind !== "Config") throw fields.error("kind", `is ${JSON.stringify(kind)}, want "Config"`);
  const version = fields.text("apiVersion");
  if (version !== undefined && version !== "v1")
    throw fields.error("apiVersion", `is ${JSON.stringify(version)}, want "v1"`);
  return {
    files: [file],
    currentContext: fields.text("current-context"),
    clusters: named(fields, "clusters", "cluster", (entry) => parseCluster(entry, file)),
    users: named(fields, "users", "user", (entry) => parseUser(entry, file)),
    contexts: named(fields, "contexts", "context", (entry) => ({
      origin: file,
      cluster: entry.required("cluster"),
      user: entry.text("user"),
      namespace: entry.text("namespace"),
    })),
  };
}

function parseDocument(text: string, file: string): unknown {
  try {
    return parseYaml(text)[0]?.value ?? null;
  } catch (error) {
    throw new ClientConfigError(`Cannot load ${file}: ${errorMessage(error)}`, { cause: error });
  }
}

function named<T>(
  fields: Fields,
  list: string,
  item: string,
  parse: (entry: Fields) => T,
): Map<string, KubeconfigEntry<T>> {
  const result = new Map<string, KubeconfigEntry<T>>();
  for (const element of fields.list(list)) {
    const name = element.text("name") ?? "";
    if (result.has(name))
      throw element.error("name", `is ${JSON.stringify(name)} for a second time: keep one of the two`);
    result.set(name, () => parse(element.section(item)));
  }
  return result;
}

function parseCluster(entry: Fields, file: string): KubeconfigCluster {
  const server = entry.required("server");
  const protocol = URL.parse(server)?.protocol;
  if (protocol !== "https:" && protocol !== "http:")
    throw entry.error("server", `is ${JSON.stringify(server)}, want an https: or http: URL`);
  const proxy = entry.text("proxy-url");
  if (proxy !== undefined)
    throw entry.error("proxy-url", "is set, but proxies are not supported: reach the server directly and remove it");
  const certificateAuthority = pemSource(entry, "certificate-authority", file);
  const insecureSkipTlsVerify = entry.flag("insecure-skip-tls-verify");
  if (insecureSkipTlsVerify && certificateAuthority !== undefined)
    throw entry.error("insecure-skip-tls-verify", "is true although a certificate-authority is given: remove one");
  return {
    origin: file,
    server,
    certificateAuthority,
    insecureSkipTlsVerify,
    tlsServerName: entry.text("tls-server-name"),
    execExtension: entry
      .list("extensions")
      .find((extension) => extension.text("name") === "client.authentication.k8s.io/exec")
      ?.raw("extension"),
  };
}

function parseUser(entry: Fields, file: string): KubeconfigUser {
  const plugin = entry.map("auth-provider");
  if (plugin !== undefined)
    throw entry.error("auth-provider", "is set, but Kubernetes 1.26 removed such plug-ins: use exec instead");
  const clientCertificate = pemSource(entry, "client-certificate", file);
  const clientKey = pemSource(entry, "client-key", file);
  if (clientCertificate !== undefined && clientKey === undefined)
    throw entry.error("client-key", "is missing for client-certificate");
  if (clientKey !== undefined && clientCertificate === undefined)
    throw entry.error("client-certificate", "is missing for client-key");
  const token = entry.text("token");
  const tokenFile = relative(entry.text("tokenFile"), file);
  const username = entry.text("username");
  const exec = entry.map("exec");
  const methods = [token ?? tokenFile, username, exec].filter((method) => method !== undefined);
  if (methods.length > 1)
    throw entry.error(exec === undefined ? "username" : "exec", "is set beside another way to authenticate: keep one");
  return {
    origin: file,
    clientCertificate,
    clientKey,
    token,
    tokenFile,
    basic: username === undefined ? undefined : { username, password: entry.text("password") ?? "" },
    exec: exec === undefined ? undefined : parseExecConfig(exec, dirname(resolve(file))),
    impersonate: parseImpersonation(entry),
  };
}

function parseImpersonation(entry: Fields): Impersonation | undefined {
  const user = entry.text("as");
  const uid = entry.text("as-uid");
  const groups = entry.texts("as-groups");
  const extraFields = entry.map("as-user-extra");
  if (user === undefined) {
    if (uid !== undefined || groups.length > 0 || extraFields !== undefined)
      throw entry.error("as", "is missing for as-uid, as-groups or as-user-extra");
    return undefined;
  }
  const extra: Record<string, string[]> = {};
  for (const key of extraFields?.names() ?? []) extra[key] = extraFields?.texts(key) ?? [];
  return { user, uid, groups, extra };
}

/** `name-data` wins over `name`, as in client-go. */
function pemSource(entry: Fields, name: string, file: string): PemSource | undefined {
  const data = entry.data(`${name}-data`);
  if (data !== undefined) return { data };
  const path = relative(entry.text(name), file);
  return path === undefined ? undefined : { file: path };
}

function relative(path: string | undefined, file: string): string | undefined {
  return path === undefined ? undefined : resolve(dirname(file), path);
}
