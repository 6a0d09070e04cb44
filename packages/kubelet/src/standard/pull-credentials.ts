import type { Secret } from "@wherry/kubernetes";
import type { AuthConfig } from "@wherry/runtime";
import type { ImageName } from "./image-name.ts";

interface DockerEntry {
  readonly username?: unknown;
  readonly password?: unknown;
  readonly auth?: unknown;
  readonly identitytoken?: unknown;
  readonly registrytoken?: unknown;
}

interface Candidate {
  readonly key: string;
  readonly auth: AuthConfig;
}

/**
 * Credentials in pull secrets that fit an image, most specific first; secrets of other types and broken ones give none.
 *
 * Keys match as upstream's: host parts by glob (`*.example.com`), port exactly where given, path as a prefix.
 */
export function credentialsFor(image: ImageName, secrets: readonly Secret[]): AuthConfig[] {
  return secrets
    .flatMap(candidates)
    .filter((candidate) => matches(candidate.key, image))
    .sort((left, right) => (right.key > left.key ? 1 : Number(right.key < left.key) * -1))
    .map((candidate) => candidate.auth);
}

function candidates(secret: Secret): Candidate[] {
  const modern = secret.data?.[".dockerconfigjson"];
  const old = secret.data?.[".dockercfg"];
  if (secret.type === "kubernetes.io/dockerconfigjson" && modern !== undefined) {
    const config = decode(modern);
    return entries(isRecord(config) ? config["auths"] : undefined);
  }
  if (secret.type === "kubernetes.io/dockercfg" && old !== undefined) return entries(decode(old));
  return [];
}

function decode(data: string): unknown {
  try {
    return JSON.parse(Buffer.from(data, "base64").toString("utf8"));
  } catch {
    return undefined;
  }
}

function entries(auths: unknown): Candidate[] {
  if (!isRecord(auths)) return [];
  return Object.entries(auths).flatMap(([key, entry]) => {
    const auth = isRecord(entry) ? authConfig(key, entry) : undefined;
    return auth === undefined ? [] : [{ key: plainKey(key), auth }];
  });
}

function authConfig(serverAddress: string, entry: DockerEntry): AuthConfig | undefined {
  const identityToken = text(entry.identitytoken);
  const registryToken = text(entry.registrytoken);
  let username = text(entry.username);
  let password = text(entry.password);
  const auth = text(entry.auth);
  if (auth !== undefined) {
    const decoded = Buffer.from(auth, "base64").toString("utf8");
    const colon = decoded.indexOf(":");
    if (colon > 0) {
      username = decoded.slice(0, colon);
      password = decoded.slice(colon + 1).replace(/\0+$/, "");
    }
  }
  if (username === undefined && identityToken === undefined && registryToken === undefined) return undefined;
  return { username, password, identityToken, registryToken, serverAddress };
}

/** Docker's own files name the hub `https://index.docker.io/v1/`; scheme and API path say nothing about the host. */
function plainKey(key: string): string {
  return key
    .replace(/^https?:\/\//, "")
    .replace(/\/v[12]\/?$/, "")
    .replace(/\/$/, "");
}

function matches(key: string, image: ImageName): boolean {
  const slash = key.indexOf("/");
  const hostKey = slash < 0 ? key : key.slice(0, slash);
  const path = slash < 0 ? "" : key.slice(slash + 1);
  if (path !== "" && image.repository !== path && !image.repository.startsWith(`${path}/`)) return false;
  const [keyHost = "", keyPort] = splitPort(hostKey === "docker.io" ? "index.docker.io" : hostKey);
  const [imageHost = "", imagePort] = splitPort(image.registry);
  if (keyPort !== imagePort) return false;
  const keyParts = keyHost.split(".");
  const imageParts = imageHost.split(".");
  return (
    keyParts.length === imageParts.length && keyParts.every((part, index) => globMatch(part, imageParts[index] ?? ""))
  );
}

function splitPort(hostAndPort: string): [string, string | undefined] {
  const match = /^(.*?)(?::(\d+))?$/.exec(hostAndPort);
  return [match?.[1] ?? hostAndPort, match?.[2]];
}

/** `*` stands for any run of characters; linear in both texts, since keys come from users. */
function globMatch(pattern: string, value: string): boolean {
  const pieces = pattern.split("*");
  const [first = ""] = pieces;
  const last = pieces.at(-1) ?? "";
  if (pieces.length === 1) return pattern === value;
  if (value.length < first.length + last.length || !value.startsWith(first) || !value.endsWith(last)) return false;
  let from = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const at = value.indexOf(piece, from);
    if (at < 0) return false;
    from = at + piece.length;
  }
  return from <= value.length - last.length;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
