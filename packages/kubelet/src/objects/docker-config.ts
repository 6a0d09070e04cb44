import type { AuthConfig } from "@wherry/runtime";

/** Credentials by the registry, or registry and path, they are for; in the order of the configuration. */
export type DockerConfig<A extends AuthConfig = AuthConfig> = readonly {
  readonly location: string;
  readonly auth: A;
}[];

/**
 * Reads the credentials of a pull secret: `kubernetes.io/dockerconfigjson` (`{"auths":{…}}`) or the older
 * `kubernetes.io/dockercfg` (the map itself).
 *
 * Entries without usable credentials are left out, as upstream does. Messages never show the content.
 *
 * @throws SyntaxError for what is no JSON object
 */
export function parseDockerConfig(text: string, form: "dockerconfigjson" | "dockercfg"): DockerConfig {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Node quotes the text in its own message.
    throw new SyntaxError("it is not JSON");
  }
  if (!isRecord(parsed)) throw new SyntaxError("it is not a JSON object");
  const entries = form === "dockercfg" ? parsed : (parsed["auths"] ?? {});
  if (!isRecord(entries)) throw new SyntaxError('its "auths" is not a JSON object');
  const result: { location: string; auth: AuthConfig }[] = [];
  for (const [location, entry] of Object.entries(entries)) {
    const auth = isRecord(entry) ? parseEntry(entry) : undefined;
    if (auth !== undefined) result.push({ location, auth });
  }
  return result;
}

function parseEntry(entry: Readonly<Record<string, unknown>>): AuthConfig | undefined {
  const identityToken = text(entry["identitytoken"]);
  const registryToken = text(entry["registrytoken"]);
  const combined = decodeAuth(text(entry["auth"]));
  const username = combined?.username ?? text(entry["username"]);
  const password = combined?.password ?? text(entry["password"]);
  if (username === "" && password === "" && identityToken === "" && registryToken === "") return undefined;
  return {
    username,
    password,
    ...(identityToken !== "" && { identityToken }),
    ...(registryToken !== "" && { registryToken }),
  };
}

/** `user:password` in base64, padded or not. */
function decodeAuth(auth: string): { username: string; password: string } | undefined {
  if (auth === "") return undefined;
  const decoded = Buffer.from(auth, "base64").toString("utf8");
  const cut = decoded.indexOf(":");
  return cut === -1 ? undefined : { username: decoded.slice(0, cut), password: decoded.slice(cut + 1) };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
