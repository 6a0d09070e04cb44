import { isJsonObject, type JsonObject, type JsonValue } from "@wherry/kubernetes";
import { tryParseGoDuration } from "../configuration/go-duration.ts";
import { KubeletError } from "../errors.ts";
import type { DockerConfig } from "../objects/docker-config.ts";
import { pluginApiVersion } from "./credential-provider-config.ts";
import type { PodServiceAccount } from "./pod-service-account.ts";

const cacheKeyTypes = ["Image", "Registry", "Global"] as const;

/** For which images an answer holds: this one, those of its registry, or all that the plug-in is asked about. */
export type CacheKeyType = (typeof cacheKeyTypes)[number];

export interface CredentialResponse {
  readonly cacheKeyType: CacheKeyType;
  /** Undefined where the configured duration holds. */
  readonly cacheMs: number | undefined;
  /** By patterns of images. */
  readonly auth: DockerConfig;
}

const maxEntries = 1000;

/** What a plug-in is told on its standard input. */
export function credentialRequest(image: string, account?: PodServiceAccount): string {
  const { token, annotations = {} } = account ?? {};
  return JSON.stringify({
    kind: "CredentialProviderRequest",
    apiVersion: pluginApiVersion,
    image,
    serviceAccountToken: token,
    serviceAccountAnnotations: Object.keys(annotations).length === 0 ? undefined : annotations,
  });
}

/**
 * Reads the answer of a plug-in.
 *
 * @throws KubeletError that says what is wrong and shows nothing of the credentials
 */
export function parseCredentialResponse(output: string): CredentialResponse {
  const response = parse(output);
  if (response["kind"] !== "CredentialProviderResponse" || response["apiVersion"] !== pluginApiVersion)
    throw bad(`kind and apiVersion must be "CredentialProviderResponse" and "${pluginApiVersion}"`);
  const cacheKeyType = cacheKeyTypes.find((type) => type === response["cacheKeyType"]);
  if (cacheKeyType === undefined) throw bad(`cacheKeyType must be one of ${cacheKeyTypes.join(", ")}`);
  const auth = response["auth"] ?? {};
  if (!isJsonObject(auth)) throw bad("auth must be a mapping");
  if (Object.keys(auth).length > maxEntries) throw bad(`auth has more than ${maxEntries} entries`);
  return {
    cacheKeyType,
    cacheMs: cacheDuration(response["cacheDuration"]),
    auth: Object.entries(auth).map(([location, entry]) => {
      const { username = "", password = "" } = isJsonObject(entry) ? entry : {};
      if (typeof username !== "string" || typeof password !== "string" || !isJsonObject(entry))
        throw bad("entries of auth must have username and password");
      return { location, auth: { username, password } };
    }),
  };
}

function parse(output: string): JsonObject {
  let value: JsonValue;
  try {
    value = JSON.parse(output) as JsonValue;
  } catch {
    // Node quotes the text in its own message.
    throw bad("it is not JSON");
  }
  if (!isJsonObject(value)) throw bad("it is not a JSON object");
  return value;
}

function cacheDuration(value: JsonValue | undefined): number | undefined {
  if (value === undefined || value === null) return undefined;
  const ms = typeof value === "string" ? tryParseGoDuration(value) : undefined;
  if (ms === undefined || ms < 0) throw bad('cacheDuration must be a duration such as "6h"');
  return ms;
}

function bad(problem: string): KubeletError {
  return new KubeletError("CredentialPluginFailed", `Cannot use the plug-in's answer: ${problem}`);
}
