import { errorMessage } from "@wherry/base";
import type { JsonValue, Pod } from "@wherry/kubernetes";
import { parseAllDocuments } from "yaml";
import { checkStaticPod } from "./check-pod.ts";
import { ManifestError } from "./errors.ts";
import { shown, type TypeFindings, typedValue } from "./typed-value.ts";

const maxAliases = 100;

export interface DecodedManifests {
  readonly pods: readonly Pod[];
  readonly unknownFields: readonly string[];
}

export interface DecodedManifest {
  readonly pod: Pod;
  /** Fields that a pod does not have, left out as upstream's kubelet leaves them out. */
  readonly unknownFields: readonly string[];
}

/**
 * Reads the manifest of a static pod: one v1 Pod in YAML or JSON.
 *
 * @throws ManifestError naming every field that is wrong
 */
export function decodeManifest(text: string, nodeName: string): DecodedManifest {
  const document = parseDocument(text);
  const { apiVersion, kind } = mappingOf(document);
  if (apiVersion !== "v1" || kind !== "Pod") throw wrongKind(document, "Pod");
  const findings: TypeFindings = { problems: [], unknown: [] };
  const pod = decodePod(document, "", nodeName, findings);
  if (findings.problems.length > 0) throw new ManifestError(findings.problems);
  return { pod, unknownFields: findings.unknown };
}

/**
 * Reads any number of manifests: a v1 Pod or PodList in YAML or JSON.
 *
 * @throws ManifestError naming every field that is wrong
 */
export function decodeManifests(text: string, nodeName: string): DecodedManifests {
  const document = parseDocument(text);
  const { apiVersion, kind, items = [] } = mappingOf(document);
  if (apiVersion !== "v1" || (kind !== "Pod" && kind !== "PodList")) throw wrongKind(document, "Pod or PodList");
  const findings: TypeFindings = { problems: [], unknown: [] };
  let pods: Pod[] = [];
  if (kind === "Pod") pods = [decodePod(document, "", nodeName, findings)];
  else if (Array.isArray(items))
    pods = items.map((item, index) => decodePod(item, `items[${index}]`, nodeName, findings));
  else findings.problems.push({ path: "items", message: `is ${shown(items)}, it must be a list` });
  if (findings.problems.length > 0) throw new ManifestError(findings.problems);
  return { pods, unknownFields: findings.unknown };
}

/** What is wrong with the pod is added to `findings`. */
function decodePod(value: JsonValue, path: string, nodeName: string, findings: TypeFindings): Pod {
  const before = findings.problems.length;
  const pod = typedValue(value, "core/v1.Pod", path, findings) as Pod;
  if (findings.problems.length > before) return {};
  for (const problem of checkStaticPod(pod, nodeName))
    findings.problems.push({ ...problem, path: [path, problem.path].filter((part) => part !== "").join(".") });
  return pod;
}

function mappingOf(document: JsonValue): Readonly<Record<string, JsonValue>> {
  return typeof document === "object" && document !== null && !Array.isArray(document) ? document : {};
}

function wrongKind(document: JsonValue, wanted: string): ManifestError {
  const { apiVersion, kind } = mappingOf(document);
  const message = `it has apiVersion ${shown(apiVersion)} and kind ${shown(kind)}, it must be a ${wanted} of apiVersion "v1"`;
  return new ManifestError([{ path: "", message }]);
}

function parseDocument(text: string): JsonValue {
  // JSON is YAML, so one parser does for both.
  const parsed = parseAllDocuments(text, { uniqueKeys: true, strict: true });
  const documents = Array.isArray(parsed) ? parsed.filter(({ contents }) => contents !== null) : [];
  const broken = Array.isArray(parsed) ? parsed.flatMap(({ errors }) => errors)[0] : undefined;
  if (broken !== undefined)
    throw new ManifestError([{ path: "", message: `it is neither YAML nor JSON: ${broken.message}` }], broken);
  const [document] = documents;
  if (document === undefined || documents.length > 1)
    throw new ManifestError([{ path: "", message: `it holds ${documents.length} documents, it must hold one` }]);
  try {
    return document.toJS({ maxAliasCount: maxAliases }) as JsonValue;
  } catch (error) {
    throw new ManifestError([{ path: "", message: errorMessage(error) }], error);
  }
}
