import {
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  invalidValue,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  PatchError,
} from "@wherry/kubernetes";
import { applyFieldValidation, decodeInput, type FieldValidation } from "../decoding/decode-input.ts";
import type { DecodeFindings } from "../decoding/decode-object.ts";
import { ApiError, badRequest, invalid } from "../errors.ts";
import type { ApiObject } from "../resources/api-object.ts";
import { readObject, type UpdateOptions, updateObject } from "./update-object.ts";
import type { ObjectTarget, VerbServices, WriteOutcome } from "./verb-services.ts";

export const patchTypes = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
} as const;

export type PlainPatchType = typeof patchTypes.json | typeof patchTypes.merge | typeof patchTypes.strategic;

export interface PatchOptions extends UpdateOptions {
  readonly fieldValidation?: FieldValidation;
  /** Findings about the patch text, such as keys that come twice. */
  readonly duplicates?: readonly string[];
}

/** Changes an object by a JSON, merge or strategic merge patch; throws ApiError. */
export function patchObject(
  services: VerbServices,
  target: ObjectTarget,
  type: PlainPatchType,
  patch: JsonValue,
  options: PatchOptions = {},
): WriteOutcome {
  const { object: old } = readObject(services, target);
  const warn = options.warn ?? (() => undefined);
  const patched = applyPatch(target.definition.schema, type, old, patch, warn);
  const findings: DecodeFindings = { problems: [...(options.duplicates ?? [])] };
  const input = decodeInput(services.schemas, patched, target.definition, findings);
  validateFields(target, findings, patch, options);
  return updateObject(services, target, input, { ...options, isPatch: true });
}

function validateFields(target: ObjectTarget, findings: DecodeFindings, patch: JsonValue, options: PatchOptions): void {
  const validation = options.fieldValidation ?? "Warn";
  const warn = options.warn ?? (() => undefined);
  if (validation === "Strict" && findings.problems.length > 0) {
    const text = `strict decoding error: ${findings.problems.join(", ")}`;
    throw invalid({ group: "", kind: "" }, "", [invalidValue("patch", JSON.stringify(patch), text)]);
  }
  applyFieldValidation(findings, validation, target.definition, warn);
}

/** What `old`, an object of `schema`, becomes by `patch`; parts may be shared with `old`. Throws ApiError. */
export function applyPatch(
  schema: string,
  type: PlainPatchType,
  old: ApiObject,
  patch: JsonValue,
  warn: (message: string) => void,
): unknown {
  const document = old as unknown as JsonObject;
  try {
    if (type === patchTypes.json) return applyJsonPatch(document, patch);
    if (!isJsonObject(patch)) throw new PatchError("MALFORMED_PATCH", "the patch must be a JSON object");
    // The patched object may share parts with the stored one; decoding copies it.
    if (type === patchTypes.merge) return applyMergePatch(document, patch);
    return applyStrategicMergePatch(document, patch, schema);
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    if (error.code === "MALFORMED_PATCH") throw badRequest(error.message);
    // Upstream says no more than this; what it was goes to the one who asks for warnings.
    warn(error.message);
    throw new ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {
      cause: error,
      details: {},
    });
  }
}
