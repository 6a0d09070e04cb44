import { isJsonObject, type JsonValue } from "@wherry/kubernetes";
import { ConfigurationError, type ConfigurationProblem, type ReportProblem } from "../configuration/errors.ts";
import { tryParseGoDuration } from "../configuration/go-duration.ts";
import { readDocument } from "../configuration/read-document.ts";
import { readStrings, refuseUnknown, shown } from "./strict-fields.ts";
import { decodeTokenAttributes, type TokenAttributes } from "./token-attributes.ts";

/** Version of the protocol that is spoken with plug-ins. */
export const pluginApiVersion = "credentialprovider.kubelet.k8s.io/v1";
const configApiVersion = "kubelet.config.k8s.io/v1";
const kind = "CredentialProviderConfig";
const subject = "credential provider configuration";

/** One plug-in of a `CredentialProviderConfig`. */
export interface CredentialProviderConfig {
  /** Of its program, in the directory of plug-ins. */
  readonly name: string;
  /** Images it is asked about. */
  readonly matchImages: readonly string[];
  readonly defaultCacheMs: number;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Undefined for a plug-in that is told of the image alone. */
  readonly tokenAttributes?: TokenAttributes | undefined;
}

/**
 * Loads `--image-credential-provider-config` (kubelet.config.k8s.io/v1), in the order of the file.
 *
 * Rejects with `ConfigurationError` naming the file and all offending fields.
 */
export async function loadCredentialProviderConfig(path: string): Promise<CredentialProviderConfig[]> {
  const { providers, problems } = decodeCredentialProviderConfig(await readDocument(path, subject));
  if (problems.length > 0) throw new ConfigurationError(`the file "${path}"`, problems, undefined, subject);
  return providers;
}

/** Checks a parsed configuration strictly. Never throws; with problems the providers must not be used. */
export function decodeCredentialProviderConfig(document: JsonValue): {
  readonly providers: CredentialProviderConfig[];
  readonly problems: readonly ConfigurationProblem[];
} {
  const problems: ConfigurationProblem[] = [];
  const report: ReportProblem = (path, message) => void problems.push({ path, message });
  if (!isJsonObject(document)) {
    report("", "it must be a mapping with apiVersion and kind");
    return { providers: [], problems };
  }
  if (document["apiVersion"] !== configApiVersion)
    report("apiVersion", `is ${shown(document["apiVersion"])}, it must be "${configApiVersion}"`);
  if (document["kind"] !== kind) report("kind", `is ${shown(document["kind"])}, it must be "${kind}"`);
  refuseUnknown(document, ["apiVersion", "kind", "providers"], "", report);
  const list = document["providers"];
  if (!Array.isArray(list) || list.length === 0) {
    report("providers", "must be a list of at least one plug-in");
    return { providers: [], problems };
  }
  const providers = list.map((entry, index) => decodeProvider(entry, `providers[${index}]`, report));
  for (const [index, { name }] of providers.entries())
    if (providers.findIndex((other) => other.name === name) < index)
      report(`providers[${index}].name`, `is ${shown(name)}, which another has already`);
  return { providers, problems };
}

const fields: readonly string[] = [
  "name",
  "matchImages",
  "defaultCacheDuration",
  "apiVersion",
  "args",
  "env",
  "tokenAttributes",
];

function decodeProvider(entry: JsonValue, path: string, report: ReportProblem): CredentialProviderConfig {
  if (!isJsonObject(entry)) {
    report(path, "must be a mapping");
    return { name: "", matchImages: [], defaultCacheMs: 0, args: [], env: {} };
  }
  refuseUnknown(entry, fields, path, report);
  if (entry["apiVersion"] !== pluginApiVersion)
    report(`${path}.apiVersion`, `is ${shown(entry["apiVersion"])}, it must be "${pluginApiVersion}"`);
  const duration = entry["defaultCacheDuration"];
  const defaultCacheMs = typeof duration === "string" ? tryParseGoDuration(duration) : undefined;
  if (defaultCacheMs === undefined || defaultCacheMs < 0)
    report(`${path}.defaultCacheDuration`, `is ${shown(duration)}, it must be a duration such as "12h"`);
  const matchImages = readStrings(entry["matchImages"], `${path}.matchImages`, report);
  if (matchImages.length === 0) report(`${path}.matchImages`, "is empty, name the images the plug-in knows");
  for (const [index, pattern] of matchImages.entries())
    if (!/^[^\s/:]+(:\d+)?(\/\S*)?$/.test(pattern))
      report(`${path}.matchImages[${index}]`, `is ${shown(pattern)}, it must be like "*.registry.example:5000/team"`);
  return {
    name: decodeName(entry["name"], `${path}.name`, report),
    matchImages,
    defaultCacheMs: defaultCacheMs ?? 0,
    args: readStrings(entry["args"] ?? [], `${path}.args`, report),
    env: decodeEnv(entry["env"] ?? [], `${path}.env`, report),
    tokenAttributes: decodeTokenAttributes(entry["tokenAttributes"], `${path}.tokenAttributes`, report),
  };
}

function decodeName(name: JsonValue | undefined, path: string, report: ReportProblem): string {
  if (typeof name === "string" && /^[^\s/\0]+$/.test(name) && name !== "." && name !== "..") return name;
  report(path, `is ${shown(name)}, it must be the name of a program without "/" and spaces`);
  return "";
}

function decodeEnv(list: JsonValue, path: string, report: ReportProblem): Record<string, string> {
  const env: Record<string, string> = {};
  if (!Array.isArray(list)) report(path, "must be a list of name and value");
  else
    for (const [index, entry] of list.entries()) {
      const { name, value = "" } = isJsonObject(entry) ? entry : {};
      if (typeof name === "string" && /^[^=\0]+$/.test(name) && typeof value === "string") env[name] = value;
      else report(`${path}[${index}]`, "must have a name and a value");
    }
  return env;
}
