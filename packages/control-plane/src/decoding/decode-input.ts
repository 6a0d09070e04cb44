import { ApiError, badRequest } from "../errors.ts";
import type { ApiObject } from "../resources/api-object.ts";
import { apiVersionOf } from "../resources/resource-definition.ts";
import { type DecodeFindings, decodeObject } from "./decode-object.ts";
import type { SchemaCatalog } from "./schema-catalog.ts";

/** How unknown and doubled fields are met, KEP-2885. */
export type FieldValidation = "Strict" | "Warn" | "Ignore";

/** What a body must be. */
export interface ExpectedKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly schema: string;
}

/**
 * Reads a request body as an object of `expected`; a body without apiVersion and kind is taken to be of that kind.
 *
 * Unknown fields go to `findings`. Throws a 400 ApiError.
 */
export function decodeInput(
  schemas: SchemaCatalog,
  body: unknown,
  expected: ExpectedKind,
  findings: DecodeFindings,
): ApiObject {
  const apiVersion = apiVersionOf(expected);
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw badRequest(
      `couldn't get version/kind; json parse error: the body must be a JSON object of kind ${expected.kind}`,
    );
  }
  const given = body as { apiVersion?: unknown; kind?: unknown };
  const givenVersion = given.apiVersion ?? apiVersion;
  const givenKind = given.kind ?? expected.kind;
  if (givenVersion !== apiVersion) {
    throw badRequest(
      `the API version in the data (${String(givenVersion)}) does not match the expected API version (${apiVersion})`,
    );
  }
  if (givenKind !== expected.kind) {
    throw badRequest(`${String(givenKind)} in version "${expected.version}" cannot be handled as a ${expected.kind}`);
  }
  let decoded: Record<string, unknown>;
  try {
    decoded = decodeObject(body, schemas.struct(expected.schema), findings);
  } catch (error) {
    if (error instanceof ApiError) throw cannotHandle(expected, error.message);
    throw error;
  }
  const { apiVersion: _version, kind: _kind, metadata, ...rest } = decoded;
  return { kind: expected.kind, apiVersion, metadata: (metadata ?? {}) as ApiObject["metadata"], ...rest };
}

/** A 400 in the words upstream uses for bodies that do not fit their kind. */
export function cannotHandle(expected: ExpectedKind, problem: string): ApiError {
  return badRequest(
    `${expected.kind} in version "${expected.version}" cannot be handled as a ${expected.kind}: ${problem}`,
  );
}

/** Acts on the findings of a create or update body: refuses, warns or lets pass. */
export function applyFieldValidation(
  findings: DecodeFindings,
  validation: FieldValidation,
  expected: ExpectedKind,
  warn: (message: string) => void,
): void {
  if (findings.problems.length === 0 || validation === "Ignore") return;
  if (validation === "Strict") {
    throw cannotHandle(expected, `strict decoding error: ${findings.problems.join(", ")}`);
  }
  for (const problem of findings.problems) warn(problem);
}
