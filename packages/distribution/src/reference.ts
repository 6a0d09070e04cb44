import { type Digest, isDigest } from "./digest.ts";
import { DistributionError } from "./errors.ts";

/** A complete image reference: registry and repository, with a tag, a digest or both. */
export interface Reference {
  /** Host as written, with port: `docker.io`, `registry.example:5000`, `[::1]:5000`. */
  readonly registry: string;
  /** Path of the repository: `library/nginx`. */
  readonly repository: string;
  /** Absent only where there is a digest. */
  readonly tag?: string;
  readonly digest?: Digest;
}

const domainLabel = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const registryPattern = new RegExp(`^(?:${domainLabel}(?:\\.${domainLabel})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?$`);
const repositoryPattern = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const maxNameLength = 255;
const maxReferenceLength = 1024;

/**
 * Parses an image reference as containerd and Docker do and completes it: without a registry it is Docker Hub's
 * (`docker.io`, `library/` before a single name), without tag and digest the tag is `latest`.
 *
 * Throws `DistributionError` of code `InvalidReference` that says what is wrong.
 * @see https://github.com/distribution/reference (grammar) and the OCI distribution specification v1.1, "Pulling manifests"
 */
export function parseReference(text: string): Reference {
  const fail = (problem: string) =>
    new DistributionError(
      "InvalidReference",
      `Invalid image reference ${JSON.stringify(text.slice(0, 200))}: ${problem}`,
    );
  if (text === "") throw fail("it is empty");
  if (text.length > maxReferenceLength) throw fail(`it is longer than ${maxReferenceLength} characters`);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) throw fail("it starts with a URL scheme; leave the scheme out");
  if (/\s/.test(text)) throw fail("it contains white space");

  const at = text.indexOf("@");
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest))
    throw fail(`${JSON.stringify(digest)} is no SHA-256 or SHA-512 digest in lower-case hexadecimal`);
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  if (tag !== undefined && !tagPattern.test(tag)) throw fail(`${JSON.stringify(tag)} is no valid tag`);

  const name = colon < 0 ? named : named.slice(0, colon);
  if (/^[0-9a-f]{64}$/.test(name)) throw fail("64 hexadecimal digits are an image ID, not a repository");
  const { registry, repository } = splitName(name);
  checkName(registry, repository, fail);
  if (digest === undefined) return { registry, repository, tag: tag ?? "latest" };
  return tag === undefined ? { registry, repository, digest } : { registry, repository, tag, digest };
}

/** Like `parseReference`, but answers undefined for what is no reference. */
export function tryParseReference(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch {
    return undefined;
  }
}

function splitName(name: string): { registry: string; repository: string } {
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  // A first part is a host only if it cannot be a path of Docker Hub: "team/app" is one, "team.io/app" is not.
  const isHost = slash > 0 && (/[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase());
  const registry = isHost ? first : "docker.io";
  const rest = isHost ? name.slice(slash + 1) : name;
  if (registry !== "docker.io" && registry !== "index.docker.io") return { registry, repository: rest };
  return { registry: "docker.io", repository: rest.includes("/") ? rest : `library/${rest}` };
}

function checkName(registry: string, repository: string, fail: (problem: string) => Error): void {
  if (!registryPattern.test(registry)) throw fail(`${JSON.stringify(registry)} is no host name`);
  const port = /:([0-9]+)$/.exec(registry)?.[1];
  if (port !== undefined && (Number(port) === 0 || Number(port) > 65535)) throw fail(`port ${port} is out of range`);
  if (repository !== repository.toLowerCase())
    throw fail(`repository ${JSON.stringify(repository)} must be in lower case`);
  if (!repositoryPattern.test(repository)) throw fail(`${JSON.stringify(repository)} is no valid repository name`);
  if (registry.length + 1 + repository.length > maxNameLength)
    throw fail(`registry and repository together are longer than ${maxNameLength} characters`);
}

/** The complete text of a reference, with tag and digest where it has them. */
export function formatReference(reference: Reference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  const digest = reference.digest === undefined ? "" : `@${reference.digest}`;
  return `${repositoryName(reference)}${tag}${digest}`;
}

/** Registry and repository without tag or digest. */
export function repositoryName(reference: Reference): string {
  return `${reference.registry}/${reference.repository}`;
}

/**
 * The name an image is known by once pulled: `repository@digest` where the reference has a digest (the tag is dropped, since
 * the digest alone decides), `repository:tag` otherwise; what containerd's CRI uses.
 */
export function imageName(reference: Reference): string {
  return reference.digest === undefined
    ? `${repositoryName(reference)}:${reference.tag ?? "latest"}`
    : `${repositoryName(reference)}@${reference.digest}`;
}

/** What follows `/manifests/`: the digest, or else the tag. */
export function referenceTarget(reference: Reference): string {
  return reference.digest ?? reference.tag ?? "latest";
}

/** The host that serves a registry's API: Docker Hub's differs from its name. */
export function registryApiHost(registry: string): string {
  return registry === "docker.io" ? "registry-1.docker.io" : registry;
}
