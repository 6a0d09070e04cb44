import type { Pod } from "@wherry/kubernetes";
import { ConfigError } from "../errors.ts";
import type { EnvironmentFacts } from "../ports/environment.ts";

/** Addresses that the kubelet knows before the API server does. */
export type PodAddresses = Pick<EnvironmentFacts, "podIps" | "hostIps">;

/**
 * The value of a `fieldRef` for an environment variable or a file of a downward API volume.
 *
 * Knows every path the API documents: `metadata.name`, `.namespace`, `.uid`, `.labels`, `.annotations` (whole, only in volumes,
 * or one entry as `metadata.labels['key']`, empty when absent), `spec.nodeName`, `spec.serviceAccountName`, `status.hostIP(s)`
 * and `status.podIP(s)`.
 *
 * @param where what holds the reference, for the message
 * @throws ConfigError for any other path
 */
export function fieldValue(pod: Pod, fieldPath: string, addresses: PodAddresses, where: string): string {
  const metadata = pod.metadata ?? {};
  const entry = /^metadata\.(labels|annotations)\['(.+)'\]$/s.exec(fieldPath);
  if (entry !== null) {
    const [, field, key = ""] = entry;
    const map = metadata[field as "labels" | "annotations"] ?? {};
    return Object.hasOwn(map, key) ? (map[key] ?? "") : "";
  }
  switch (fieldPath) {
    case "metadata.name":
      return metadata.name ?? "";
    case "metadata.namespace":
      return metadata.namespace ?? "";
    case "metadata.uid":
      return metadata.uid ?? "";
    case "metadata.labels":
      return formatMap(metadata.labels ?? {});
    case "metadata.annotations":
      return formatMap(metadata.annotations ?? {});
    case "spec.nodeName":
      return pod.spec?.nodeName ?? "";
    case "spec.serviceAccountName":
      return pod.spec?.serviceAccountName ?? "";
    case "status.hostIP":
      return addresses.hostIps[0] ?? "";
    case "status.hostIPs":
      return addresses.hostIps.join(",");
    case "status.podIP":
      return addresses.podIps[0] ?? "";
    case "status.podIPs":
      return addresses.podIps.join(",");
  }
  throw new ConfigError(`${where} has unsupported fieldPath "${fieldPath}"`, { retryable: false });
}

/** Labels or annotations as files of the downward API show them: `key="value"` lines sorted by key, values quoted as Go's `%q`. */
export function formatMap(map: Readonly<Record<string, string>>): string {
  return Object.keys(map)
    .sort(byBytes)
    .map((key) => `${key}=${quote(map[key] ?? "")}`)
    .join("\n");
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

/** As Go's `strconv.Quote`. */
function quote(text: string): string {
  let result = '"';
  for (const character of text.toWellFormed()) {
    const short = shortEscapes[character];
    if (short !== undefined) result += short;
    else if (character === " " || /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(character)) result += character;
    else result += escapeCharacter(character.codePointAt(0) ?? 0);
  }
  return `${result}"`;
}

function escapeCharacter(code: number): string {
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`;
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}
