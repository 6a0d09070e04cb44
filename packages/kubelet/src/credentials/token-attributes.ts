import { isJsonObject, type JsonValue, labelKeyProblem } from "@wherry/kubernetes";
import type { ReportProblem } from "../configuration/errors.ts";
import { readStrings, refuseUnknown, shown } from "./strict-fields.ts";

const cacheTypes = ["ServiceAccount", "Token"] as const;

/** Whether an answer holds for all pods of a service account, or only while the token that it was made from is the same. */
export type TokenCacheType = (typeof cacheTypes)[number];

/** `tokenAttributes` of a plug-in: what it is told of the service account of the pod whose image is pulled (KEP-4412). */
export interface TokenAttributes {
  readonly serviceAccountTokenAudience: string;
  readonly cacheType: TokenCacheType;
  /** Whether the plug-in is left out where a pod has no service account; else it is asked without one. */
  readonly requireServiceAccount: boolean;
  /** Without one of these the plug-in is left out. */
  readonly requiredServiceAccountAnnotationKeys: readonly string[];
  readonly optionalServiceAccountAnnotationKeys: readonly string[];
}

const fields: readonly (keyof TokenAttributes)[] = [
  "serviceAccountTokenAudience",
  "cacheType",
  "requireServiceAccount",
  "requiredServiceAccountAnnotationKeys",
  "optionalServiceAccountAnnotationKeys",
];

/** Reads and checks `tokenAttributes`; what upstream refuses is reported in its words. With problems the answer must not be used. */
export function decodeTokenAttributes(
  value: JsonValue | undefined,
  path: string,
  report: ReportProblem,
): TokenAttributes | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isJsonObject(value)) {
    report(path, `is ${shown(value)}, it must be a mapping`);
    return undefined;
  }
  refuseUnknown(value, fields, path, report);
  const audience = value["serviceAccountTokenAudience"] ?? "";
  if (typeof audience !== "string")
    report(`${path}.serviceAccountTokenAudience`, `is ${shown(audience)}, not a string`);
  else if (audience === "") report(`${path}.serviceAccountTokenAudience`, "Required value");
  const isRequired = value["requireServiceAccount"] ?? undefined;
  if (isRequired === undefined) report(`${path}.requireServiceAccount`, "Required value");
  else if (typeof isRequired !== "boolean")
    report(`${path}.requireServiceAccount`, `is ${shown(isRequired)}, it must be true or false`);
  const [required, optional] = (["required", "optional"] as const).map((which) => {
    const name = `${which}ServiceAccountAnnotationKeys` as const;
    return decodeKeys(value[name], `${path}.${name}`, report);
  }) as [string[], string[]];
  if (isRequired === false && required.length > 0)
    report(
      `${path}.requiredServiceAccountAnnotationKeys`,
      "Forbidden: requireServiceAccount cannot be false when requiredServiceAccountAnnotationKeys is set",
    );
  const both = [...new Set(required)].filter((key) => optional.includes(key)).sort();
  if (both.length > 0)
    report(path, `Invalid value: ${JSON.stringify(both)}: annotation keys cannot be both required and optional`);
  return {
    serviceAccountTokenAudience: typeof audience === "string" ? audience : "",
    cacheType: decodeCacheType(value["cacheType"], `${path}.cacheType`, report),
    requireServiceAccount: isRequired !== false,
    requiredServiceAccountAnnotationKeys: required,
    optionalServiceAccountAnnotationKeys: optional,
  };
}

function decodeCacheType(value: JsonValue | undefined, path: string, report: ReportProblem): TokenCacheType {
  const type = cacheTypes.find((known) => known === value);
  if (type !== undefined) return type;
  report(
    path,
    value === undefined || value === null || value === ""
      ? `Required value: cacheType is required to be set when tokenAttributes is specified. Supported values are: ${cacheTypes.join(", ")}`
      : `Unsupported value: ${shown(value)}: supported values: ${cacheTypes.map(shown).join(", ")}`,
  );
  return "Token";
}

function decodeKeys(value: JsonValue | undefined, path: string, report: ReportProblem): string[] {
  const keys = readStrings(value ?? [], path, report);
  for (const [index, key] of keys.entries()) {
    // Upper case is right in keys of annotations, as it is in their validation.
    const problem = labelKeyProblem(key.toLowerCase());
    if (problem !== undefined) report(path, `Invalid value: ${shown(key)}: ${problem}`);
    if (keys.indexOf(key) < index) report(path, `Duplicate value: ${shown(key)}`);
  }
  return keys;
}
