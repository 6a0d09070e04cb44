import { isJsonObject, type JsonObject, type JsonValue } from "@wherry/kubernetes";
import { ConfigurationError, type ConfigurationProblem, type ReportProblem } from "../configuration/errors.ts";
import { tryParseGoDuration } from "../configuration/go-duration.ts";
import { readDocument } from "../configuration/read-document.ts";

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

const fields: readonly string[] = ["name", "matchImages", "defaultCacheDuration", "apiVersion", "args", "env"];

function decodeProvider(entry: JsonValue, path: string, report: ReportProblem): CredentialProviderConfig {
  if (!isJsonObject(entry)) {
    report(path, "must be a mapping");
    return { name: "", matchImages: [], defaultCacheMs: 0, args: [], env: {} };
  }
  const { tokenAttributes, ...rest } = entry;
  if (tokenAttributes !== undefined && tokenAttributes !== null)
    report(`${path}.tokenAttributes`, "is not implemented: plug-ins get no service account tokens");
  refuseUnknown(rest, fields, path, report);
  if (rest["apiVersion"] !== pluginApiVersion)
    report(`${path}.apiVersion`, `is ${shown(rest["apiVersion"])}, it must be "${pluginApiVersion}"`);
  const duration = rest["defaultCacheDuration"];
  const defaultCacheMs = typeof duration === "string" ? tryParseGoDuration(duration) : undefined;
  if (defaultCacheMs === undefined || defaultCacheMs < 0)
    report(`${path}.defaultCacheDuration`, `is ${shown(duration)}, it must be a duration such as "12h"`);
  const matchImages = strings(rest["matchImages"], `${path}.matchImages`, report);
  if (matchImages.length === 0) report(`${path}.matchImages`, "is empty, name the images the plug-in knows");
  for (const [index, pattern] of matchImages.entries())
    if (!/^[^\s/:]+(:\d+)?(\/\S*)?$/.test(pattern))
      report(`${path}.matchImages[${index}]`, `is ${shown(pattern)}, it must be like "*.registry.example:5000/team"`);
  return {
    name: decodeName(rest["name"], `${path}.name`, report),
    matchImages,
    defaultCacheMs: defaultCacheMs ?? 0,
    args: strings(rest["args"] ?? [], `${path}.args`, report),
    env: decodeEnv(rest["env"] ?? [], `${path}.env`, report),
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

function strings(value: JsonValue | undefined, path: string, report: ReportProblem): string[] {
  if (Array.isArray(value) && value.every((entry) => typeof entry === "string")) return value;
  report(path, `is ${shown(value)}, it must be a list of strings`);
  return [];
}

function refuseUnknown(object: JsonObject, known: readonly string[], path: string, report: ReportProblem): void {
  for (const name of Object.keys(object))
    if (!known.includes(name)) report(path === "" ? name : `${path}.${name}`, "is not a known field");
}

function shown(value: JsonValue | undefined): string {
  return value === undefined ? "missing" : JSON.stringify(value).slice(0, 80);
}
