import type { Credential, CredentialProvider } from "./credentials.ts";
import { DistributionError } from "./errors.ts";

/** Credentials of one entry of a Docker configuration. */
export interface DockerConfigEntry {
  /** Host, possibly with wildcards, port and path, as written: `*.registry.example:5000/team`. */
  readonly location: string;
  readonly credential: Credential;
}

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(problem: string): DistributionError {
  return new DistributionError("InvalidConfig", `Invalid Docker configuration: ${problem}`);
}

/**
 * Reads the entries of a Docker configuration: `config.json` with `auths` (secrets of type `kubernetes.io/dockerconfigjson`)
 * or the bare map of the old `.dockercfg` (`kubernetes.io/dockercfg`).
 *
 * Credential helpers are not run: `credHelpers` and `credsStore` are ignored. Throws `DistributionError` of code
 * `InvalidConfig`; messages never contain secrets.
 */
export function parseDockerConfig(text: string): DockerConfigEntry[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which is secret.
    throw invalid("it is no JSON");
  }
  if (!isObject(document)) throw invalid("it is no JSON object");
  const auths = "auths" in document ? document["auths"] : document;
  if (!isObject(auths)) throw invalid("auths is no object");
  return Object.entries(auths).flatMap(([location, entry]) => {
    if (!isObject(entry)) {
      if (auths === document) return [];
      throw invalid(`the entry of ${JSON.stringify(location)} is no object`);
    }
    const credential = readEntry(location, entry);
    return credential === undefined ? [] : [{ location, credential }];
  });
}

function readEntry(location: string, entry: JsonObject): Credential | undefined {
  const text = (key: string) => {
    const value = entry[key];
    if (value === undefined || value === null) return "";
    if (typeof value !== "string") throw invalid(`${key} of ${JSON.stringify(location)} is no string`);
    return value;
  };
  const registryToken = text("registrytoken");
  if (registryToken !== "") return { kind: "registry-token", registryToken };
  const identityToken = text("identitytoken");
  if (identityToken !== "") return { kind: "identity-token", identityToken };
  const auth = text("auth");
  const pair = auth === "" ? undefined : decodeAuth(location, auth);
  const username = pair?.username ?? text("username");
  const password = pair?.password ?? text("password");
  if (username === "" && password === "") return undefined;
  // Docker stores a refresh token under this user name.
  if (username === "<token>") return { kind: "identity-token", identityToken: password };
  return { kind: "basic", username, password };
}

function decodeAuth(location: string, auth: string): { username: string; password: string } {
  const fail = () => invalid(`auth of ${JSON.stringify(location)} is no base64 text of "user:password"`);
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(auth.trim())) throw fail();
  const decoded = Buffer.from(auth.trim(), "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  if (colon < 0) throw fail();
  return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1).replace(/\0+$/, "") };
}

interface Location {
  readonly host: string;
  readonly port: string;
  readonly path: string;
}

function parseLocation(text: string): Location {
  const bare = text.replace(/^https?:\/\//i, "");
  const slash = bare.indexOf("/");
  const authority = (slash < 0 ? bare : bare.slice(0, slash)).toLowerCase();
  const port = /:([0-9]+)$/.exec(authority)?.[1] ?? "";
  const host = port === "" ? authority : authority.slice(0, -port.length - 1);
  // Docker Hub's entry is a URL with an API version as its path, other entries may carry one too.
  const path = (slash < 0 ? "" : bare.slice(slash + 1)).replace(/^v[12](?:\/|$)/, "").replace(/\/+$/, "");
  return { host: isDockerHub(host) ? "docker.io" : host, port, path };
}

function isDockerHub(host: string): boolean {
  return host === "index.docker.io" || host === "docker.io" || host === "registry-1.docker.io";
}

/** Host patterns match label by label, and a `*` never spans a dot (KEP-2133; kubelet's `URLsMatchStr`). */
function matchesHost(pattern: string, host: string): boolean {
  const patternLabels = pattern.split(".");
  const labels = host.split(".");
  return (
    patternLabels.length === labels.length &&
    patternLabels.every((label, index) => matchesLabel(label, labels[index] ?? ""))
  );
}

function matchesLabel(pattern: string, label: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return pattern === label;
  const last = rest.pop() ?? "";
  if (!label.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = label.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return label.length - last.length >= at && label.endsWith(last);
}

function matches(pattern: Location, registry: Location, repository: string): boolean {
  if (pattern.port !== registry.port || !matchesHost(pattern.host, registry.host)) return false;
  return pattern.path === "" || repository === pattern.path || repository.startsWith(`${pattern.path}/`);
}

/**
 * A provider that looks credentials up in Docker configuration entries the way the kubelet does: host patterns with `*` inside
 * one label, equal ports, paths as prefixes; the most specific entry first.
 *
 * @see https://kubernetes.io/docs/concepts/containers/images/#config-json
 */
export function dockerConfigCredentials(entries: readonly DockerConfigEntry[]): CredentialProvider {
  const located = entries.map((entry) => ({ ...entry, pattern: parseLocation(entry.location) }));
  // As the kubelet: longer paths and names without wildcards come first, since "*" sorts before letters and digits.
  const sorted = located.toSorted((a, b) => specificity(b.pattern).localeCompare(specificity(a.pattern), "en"));
  return (registryHost, repository) => {
    const registry = parseLocation(registryHost);
    return sorted.filter((entry) => matches(entry.pattern, registry, repository)).map((entry) => entry.credential);
  };
}

function specificity({ host, port, path }: Location): string {
  const wildcards = host.includes("*") ? 0 : 1;
  return `${wildcards}${String(path.length).padStart(6, "0")}${String(host.length).padStart(6, "0")}${host}:${port}/${path}`;
}
