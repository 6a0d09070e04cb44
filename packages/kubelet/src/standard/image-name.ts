/** An image reference taken apart as far as the kubelet needs it. */
export interface ImageName {
  /** Host to match credentials by, `index.docker.io` where none is named. */
  readonly registry: string;
  /** Path within the registry. */
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const host = "(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?";
const pattern = new RegExp(
  `^(?:(${host})/)?(${component}(?:/${component})*)(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9+._-]*:[0-9a-fA-F]{32,}))?$`,
);
const maxLength = 1024;

/** Takes an image reference apart; undefined for text that is none. Grammar of the distribution project's references. */
export function tryParseImageName(image: string): ImageName | undefined {
  const match = image.length <= maxLength ? pattern.exec(image) : null;
  if (match === null) return undefined;
  const [, first, rest = "", tag, digest] = match;
  const isHost = first !== undefined && (/[.:[]/.test(first) || first === "localhost" || first !== first.toLowerCase());
  if (first !== undefined && !isHost) {
    if (!new RegExp(`^${component}$`).test(first)) return undefined;
    return { registry: "index.docker.io", repository: `${first}/${rest}`, tag, digest };
  }
  const registry = first === undefined || first === "docker.io" ? "index.docker.io" : first;
  return { registry, repository: rest, tag, digest };
}

/** The reference as it is written but for tag and digest; undefined for text that is none. */
export function bareImageName(image: string): string | undefined {
  const name = tryParseImageName(image);
  if (name === undefined) return undefined;
  const { tag, digest } = name;
  const suffix = `${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
  return image.slice(0, image.length - suffix.length);
}

export type PullPolicy = "Always" | "IfNotPresent" | "Never";

/** The policy that applies: the container's, else `Always` for `:latest` or no tag, else `IfNotPresent`. */
export function pullPolicy(policy: string | undefined, name: ImageName): PullPolicy {
  if (policy === "Always" || policy === "IfNotPresent" || policy === "Never") return policy;
  if (name.digest !== undefined) return "IfNotPresent";
  return name.tag === undefined || name.tag === "latest" ? "Always" : "IfNotPresent";
}
