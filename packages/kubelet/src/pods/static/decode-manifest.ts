import { errorMessage } from "@wherry/base";
import { parseYaml, type YamlDocument } from "@wherry/client";
import { invalidValue, type JsonValue, type Pod } from "@wherry/kubernetes";
import { checkStaticPod } from "./check-pod.ts";
import { ManifestError } from "./errors.ts";
import type { IgnoredParts } from "./ignored-parts.ts";
import { shown, type TypeFindings, typedValue } from "./typed-value.ts";

export interface DecodedManifests extends IgnoredParts {
  readonly pods: readonly Pod[];
}

export interface DecodedManifest extends IgnoredParts {
  readonly pod: Pod;
}

/**
 * Reads the manifest of a static pod: one v1 Pod in YAML or JSON.
 *
 * @throws ManifestError naming every field that is wrong
 */
export function decodeManifest(text: string, nodeName: string): DecodedManifest {
  const { value: document, duplicateKeys } = parseDocument(text);
  const { apiVersion, kind } = mappingOf(document);
  if (apiVersion !== "v1" || kind !== "Pod") throw wrongKind(document, "Pod");
  const findings: TypeFindings = { problems: [], unknown: [] };
  const pod = decodePod(document, "", nodeName, findings);
  if (findings.problems.length > 0) throw new ManifestError(findings.problems);
  return { pod, unknownFields: findings.unknown, duplicateKeys };
}

/**
 * Reads any number of manifests: a v1 Pod or PodList in YAML or JSON.
 *
 * @throws ManifestError naming every field that is wrong
 */
export function decodeManifests(text: string, nodeName: string): DecodedManifests {
  const { value: document, duplicateKeys } = parseDocument(text);
  const { apiVersion, kind, items = [] } = mappingOf(document);
  if (apiVersion !== "v1" || (kind !== "Pod" && kind !== "PodList")) throw wrongKind(document, "Pod or PodList");
  const findings: TypeFindings = { problems: [], unknown: [] };
  let pods: Pod[] = [];
  if (kind === "Pod") pods = [decodePod(document, "", nodeName, findings)];
  else if (Array.isArray(items))
    pods = items.map((item, index) => decodePod(item, `items[${index}]`, nodeName, findings));
  else findings.problems.push(invalidValue("items", items, "must be a list"));
  if (findings.problems.length > 0) throw new ManifestError(findings.problems);
  return { pods, unknownFields: findings.unknown, duplicateKeys };
}

/** What is wrong with the pod is added to `findings`. */
function decodePod(value: JsonValue, path: string, nodeName: string, findings: TypeFindings): Pod {
  const before = findings.problems.length;
  const pod = typedValue(value, "core/v1.Pod", path, findings) as Pod;
  if (findings.problems.length > before) return {};
  for (const problem of checkStaticPod(pod, nodeName))
    findings.problems.push({ ...problem, field: path === "" ? problem.field : `${path}.${problem.field}` });
  return pod;
}

function mappingOf(document: JsonValue): Readonly<Record<string, JsonValue>> {
  return typeof document === "object" && document !== null && !Array.isArray(document) ? document : {};
}

function wrongKind(document: JsonValue, wanted: string): ManifestError {
  const { apiVersion, kind } = mappingOf(document);
  const message = `it has apiVersion ${shown(apiVersion)} and kind ${shown(kind)}, it must be a ${wanted} of apiVersion "v1"`;
  return new ManifestError([{ field: "", message }]);
}

function parseDocument(text: string): YamlDocument {
  let documents: readonly YamlDocument[];
  try {
    documents = parseYaml(text).filter(({ value }) => value !== null);
  } catch (error) {
    throw new ManifestError([{ field: "", message: `it is neither YAML nor JSON: ${errorMessage(error)}` }], error);
  }
  const [document, second] = documents;
  if (document === undefined || second !== undefined)
    throw new ManifestError([{ field: "", message: `it holds ${documents.length} documents, it must hold one` }]);
  return document;
}
