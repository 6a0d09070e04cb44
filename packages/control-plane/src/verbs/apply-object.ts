import {
  type ApplyConflict,
  applyConfiguration,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  requiredValue,
} from "@wherry/kubernetes";
import { decodeInput } from "../decoding/decode-input.ts";
import type { DecodeFindings } from "../decoding/decode-object.ts";
import { ApiError, badRequest, invalid } from "../errors.ts";
import { type ApiObject, storageKey } from "../resources/api-object.ts";
import { apiVersionOf, storageName } from "../resources/resource-definition.ts";
import { createObject } from "./create-object.ts";
import { firstOwners, trackedPart } from "./field-tracking.ts";
import { readObject, type UpdateOptions, updateObject } from "./update-object.ts";
import { type ObjectTarget, timestamp, type VerbServices, type WriteOutcome } from "./verb-services.ts";

export interface ApplyOptions extends UpdateOptions {
  /** Take fields over from other owners. */
  readonly force: boolean;
}

/**
 * Server-side apply (KEP-555): makes the object have what `body` says and notes that `options.fieldManager` wants it so.
 *
 * Creates a missing object. Throws ApiError: 409 with one cause for each field that another manager owns with another value,
 * besides what creates and updates throw.
 */
export function applyObject(
  services: VerbServices,
  target: ObjectTarget,
  body: JsonValue,
  options: ApplyOptions,
): WriteOutcome {
  const { definition, namespace, name } = target;
  const { fieldManager, subresource = "" } = options;
  if (fieldManager === undefined) {
    throw invalid({ group: "meta.k8s.io", kind: "PatchOptions" }, "", [
      requiredValue("fieldManager", "is required for apply patch"),
    ]);
  }
  const applied = readConfiguration(services, target, body, subresource);
  const exists = services.store.get(storageName(definition), storageKey(namespace, name)) !== undefined;
  const live = exists ? readObject(services, target).object : undefined;
  const entries = live === undefined ? [] : (live.metadata.managedFields ?? firstOwners(services, definition, live));
  const outcome = applyConfiguration(
    definition.schema,
    (live ?? {}) as unknown as JsonObject,
    applied,
    entries,
    { manager: fieldManager, operation: "Apply", apiVersion: apiVersionOf(definition), subresource },
    {
      force: options.force,
      time: timestamp(services.clock),
      lastApplied: fieldManager === "kubectl" ? readLastApplied(services, target, live) : undefined,
    },
  );
  if (outcome.kind === "conflict") throw applyConflict(outcome.conflicts);
  const input = decodeInput(services.schemas, outcome.object, definition, { problems: [] });
  const writeOptions = { ...options, managedFields: outcome.managedFields };
  if (live === undefined && subresource === "") return createObject(services, target, input, writeOptions);
  return updateObject(services, target, input, { ...writeOptions, isPatch: true });
}

/** What kubectl noted of its last client-side apply, so that its user can go over to server-side apply without force. */
function readLastApplied(
  { schemas }: VerbServices,
  { definition }: ObjectTarget,
  live: ApiObject | undefined,
): JsonObject | undefined {
  const text = live?.metadata.annotations?.["kubectl.kubernetes.io/last-applied-configuration"];
  if (text === undefined) return undefined;
  try {
    return decodeInput(schemas, JSON.parse(text), definition, { problems: [] }) as unknown as JsonObject;
  } catch {
    // Anyone may write annotations; one that cannot be read grants nothing.
    return undefined;
  }
}

function readConfiguration(
  services: VerbServices,
  { definition, namespace, name }: ObjectTarget,
  body: JsonValue,
  subresource: string,
): JsonObject {
  const findings: DecodeFindings = { problems: [] };
  const applied = decodeInput(services.schemas, body, definition, findings);
  const [problem] = findings.problems;
  if (problem !== undefined) {
    const field = keyedPath(body, /"(.*)"/.exec(problem)?.[1] ?? problem);
    const kind = `${definition.group}/${definition.version}, Kind=${definition.kind}`;
    const text = `failed to create typed patch object (${namespace}/${name}; ${kind}): ${field}: field not declared in schema`;
    throw new ApiError(500, "", text);
  }
  const { metadata } = applied;
  if (metadata.managedFields !== undefined) throw badRequest("metadata.managedFields must be nil");
  if (metadata.name && metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  }
  metadata.name = name;
  if (definition.namespaced) metadata.namespace ??= namespace;
  // What the subresource does not own, and the other way round, is not for this request to set.
  if (subresource === "") return trackedPart(definition, applied);
  if (subresource !== "status") return applied as unknown as JsonObject;
  const { status, kind, apiVersion } = applied;
  return { kind, apiVersion, metadata, ...(status === undefined ? {} : { status }) } as unknown as JsonObject;
}

/** `spec.containers[0].x` with items named by their key, as server-side apply names them. */
function keyedPath(body: JsonValue, path: string): string {
  let value: JsonValue | undefined = body;
  let text = "";
  for (const [, name = "", index] of path.matchAll(/([^.[\]]+)(?:\[(\d+)\])?/g)) {
    value = isJsonObject(value) ? value[name] : undefined;
    text += `.${name}`;
    if (index === undefined) continue;
    value = Array.isArray(value) ? value[Number(index)] : undefined;
    const key: JsonValue | undefined = isJsonObject(value) ? value["name"] : undefined;
    text += key === undefined ? `[${index}]` : `[name=${JSON.stringify(key)}]`;
  }
  return text;
}

function ownerText({ owner }: ApplyConflict): string {
  const { manager, subresource, apiVersion, operation } = owner;
  const via = subresource === "" ? "" : ` with subresource ${JSON.stringify(subresource)}`;
  return `${JSON.stringify(manager)}${via}${operation === "Update" ? ` using ${apiVersion}` : ""}`;
}

function applyConflict(conflicts: readonly ApplyConflict[]): ApiError {
  const causes = conflicts.flatMap((conflict) =>
    conflict.paths.map((field) => ({
      reason: "FieldManagerConflict",
      message: `conflict with ${ownerText(conflict)}`,
      field,
    })),
  );
  const [first] = causes;
  const text =
    causes.length === 1 && first !== undefined
      ? `Apply failed with 1 conflict: ${first.message}: ${first.field}`
      : `Apply failed with ${causes.length} conflicts: ${conflicts
          .map(
            (conflict) =>
              `conflicts with ${ownerText(conflict)}:\n${conflict.paths.map((path) => `- ${path}`).join("\n")}`,
          )
          .join("\n")}`;
  return new ApiError(409, "Conflict", text, { details: { causes } });
}
