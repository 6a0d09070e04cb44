import type { AuthConfig } from "@wherry/runtime";
import type { DockerConfig } from "./docker-config.ts";
import { globMatches } from "./glob-matches.ts";

const defaultRegistry = "index.docker.io";
const maxLabelLength = 63;

interface Key {
  readonly hostParts: readonly string[];
  readonly port: string;
  readonly path: string;
}

interface Entry<A> {
  /** `host[:port][/path]`; longer ones are tried first. */
  readonly key: string;
  readonly auth: A;
}

/**
 * Credentials to try for pulling `image`, in the order of upstream's kubelet: entries whose location matches, from the most
 * specific location on; Docker Hub's entry for images without a registry when none does.
 *
 * A location matches when it has as many host labels, each equal or a glob pattern for the image's (`*.example.com`), the same
 * port, and a path that the image's begins with. Equal credentials occur once.
 */
export function matchCredentials<A extends AuthConfig>(config: DockerConfig<A>, image: string): A[] {
  const entries: Entry<A>[] = [];
  for (const { location, auth } of config) {
    const key = locationKey(location);
    if (key !== undefined) entries.push({ key, auth });
  }
  // Stable: entries of one key stay in the order of their secrets.
  entries.sort((a, b) => (a.key === b.key ? 0 : a.key < b.key ? 1 : -1));
  const target = parseKey(repositoryOf(image));
  let found = entries.filter(({ key }) => matches(parseKey(key), target));
  if (found.length === 0 && isDefaultRegistry(target)) found = entries.filter(({ key }) => isHubKey(key));
  const seen = new Set<string>();
  return found
    .map(({ auth }) => auth)
    .filter((auth) => {
      const identity = JSON.stringify(auth);
      return !seen.has(identity) && seen.add(identity);
    });
}

/** Whether credentials for `location` are for `image`: the rule of {@link matchCredentials}. */
export function matchesImage(location: string, image: string): boolean {
  const key = locationKey(location);
  return key !== undefined && matches(parseKey(key), parseKey(repositoryOf(image)));
}

/** `host[:port][/path]` of a docker configuration's location; `/v1/` and `/v2/` stand for the registry itself. */
function locationKey(location: string): string | undefined {
  const match = /^(?:https?:\/\/)?([^/#]+)([^#]*)/.exec(location);
  if (match === null) return undefined;
  const [, host = "", path = ""] = match;
  const effective = /^\/v[12]\//.test(path) ? path.slice(3) : path;
  return effective === "" || effective === "/" ? host : host + effective;
}

/** Registry and repository of an image without tag and digest; images without a registry are Docker Hub's. */
export function repositoryOf(image: string): string {
  const name = image.replace(/@[^@]*$/, "").replace(/:[^:/]*$/, "");
  const cut = name.indexOf("/");
  const first = cut === -1 ? "" : name.slice(0, cut);
  if (first.includes(".") || first.includes(":") || first === "localhost") return name;
  return cut === -1 ? `docker.io/library/${name}` : `docker.io/${name}`;
}

function parseKey(key: string): Key {
  const cut = key.indexOf("/");
  const authority = cut === -1 ? key : key.slice(0, cut);
  const [, host = "", port = ""] = /^(.*?)(?::(\d+))?$/.exec(authority) ?? [];
  return { hostParts: host.split("."), port, path: cut === -1 ? "" : key.slice(cut) };
}

function matches(pattern: Key, target: Key): boolean {
  if (pattern.port !== target.port || pattern.hostParts.length !== target.hostParts.length) return false;
  if (!target.path.startsWith(pattern.path)) return false;
  return pattern.hostParts.every((part, index) => labelMatches(part, target.hostParts[index] ?? ""));
}

/** No label of a host name is longer than 63 characters (RFC 1035), so that no match takes long. */
function labelMatches(pattern: string, label: string): boolean {
  return pattern === label || (label.length <= maxLabelLength && globMatches(pattern, label));
}

function isDefaultRegistry(target: Key): boolean {
  const host = target.hostParts.join(".");
  return target.port === "" && (host === "docker.io" || host === defaultRegistry);
}

function isHubKey(key: string): boolean {
  return key === defaultRegistry || key.startsWith(`${defaultRegistry}/`);
}
