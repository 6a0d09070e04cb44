import { errorMessage } from "@wherry/base";
import type { JsonValue, Pod } from "@wherry/kubernetes";
import { parseAllDocuments } from "yaml";
import { checkStaticPod } from "./check-pod.ts";
import { ManifestError } from "./errors.ts";
import { shown, type TypeFindings, typedValue } from "./typed-value.ts";

const maxAliases = 100;

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
  const { apiVersion, kind } =
    typeof document === "object" && document !== null && !Array.isArray(document) ? document : {};
  if (apiVersion !== "v1" || kind !== "Pod")
    throw new ManifestError([
      {
        path: "",
        message: `it has apiVersion ${shown(apiVersion)} and kind ${shown(kind)}, it must be a Pod of apiVersion "v1"`,
      },
    ]);
  const findings: TypeFindings = { problems: [], unknown: [] };
  const pod = typedValue(document, "core/v1.Pod", "", findings) as Pod;
  const problems = findings.problems.length > 0 ? findings.problems : checkStaticPod(pod, nodeName);
  if (problems.length > 0) throw new ManifestError(problems);
  return { pod, unknownFields: findings.unknown };
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
