import { PatchError } from "./errors.ts";
import { isJsonObject, type JsonObject, type JsonValue, jsonEquals, setOwn } from "./json-value.ts";

const maxOperations = 10_000;
/** Of an API server unless told otherwise: twice what it stores as one object. */
const maxCopiedBytes = 3 * 1024 * 1024;
const operations: ReadonlySet<unknown> = new Set(["add", "remove", "replace", "move", "copy", "test"]);

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: JsonValue;
}

/**
 * Applies a JSON patch (RFC 6902) and returns the new document; `document` is left as it was.
 *
 * Throws PatchError, with code `INAPPLICABLE_PATCH` when a path is missing or a test fails. At most 10 000 operations are
 * taken and at most 3 MiB of JSON copied by them, as by an API server: each copy may double what the one before made.
 */
export function applyJsonPatch(document: JsonValue, patch: JsonValue): JsonValue {
  const root: JsonObject = { "": structuredClone(document) };
  let copiedBytes = 0;
  for (const operation of readOperations(patch)) {
    if (operation.op === "copy") {
      copiedBytes += Buffer.byteLength(JSON.stringify(get(root, operation.from ?? "", "copy")));
      if (copiedBytes > maxCopiedBytes) {
        throw new PatchError(
          "INAPPLICABLE_PATCH",
          `Unable to complete the copy, the accumulated size increase of copy is ${copiedBytes}, exceeding the limit ${maxCopiedBytes}`,
        );
      }
    }
    applyOperation(root, operation);
  }
  return root[""] as JsonValue;
}

function readOperations(patch: JsonValue): Operation[] {
  if (!Array.isArray(patch)) throw new PatchError("MALFORMED_PATCH", "a JSON patch must be an array of operations");
  if (patch.length > maxOperations) {
    throw new PatchError(
      "INAPPLICABLE_PATCH",
      `The allowed maximum operations in a JSON patch is ${maxOperations}, got ${patch.length}`,
    );
  }
  return patch.map((operation) => {
    if (!isJsonObject(operation) || !operations.has(operation["op"]) || typeof operation["path"] !== "string") {
      throw new PatchError("MALFORMED_PATCH", `Unexpected kind: ${JSON.stringify(operation)?.slice(0, 200)}`);
    }
    const { op, from } = operation;
    if ((op === "move" || op === "copy") && typeof from !== "string") {
      throw new PatchError("MALFORMED_PATCH", `${op} operation needs "from"`);
    }
    if ((op === "add" || op === "replace" || op === "test") && !("value" in operation)) {
      throw new PatchError("MALFORMED_PATCH", `${op} operation needs "value"`);
    }
    return operation as unknown as Operation;
  });
}

function applyOperation(root: JsonObject, { op, path, from = "", value = null }: Operation): void {
  switch (op) {
    case "add":
      add(root, path, structuredClone(value));
      break;
    case "remove":
      remove(root, path);
      break;
    case "replace":
      get(root, path, op);
      put(root, path, structuredClone(value));
      break;
    case "move":
      if (path.startsWith(`${from}/`)) {
        throw new PatchError("INAPPLICABLE_PATCH", `Unable to move "${from}" into its own child "${path}"`);
      }
      add(root, path, remove(root, from));
      break;
    case "copy":
      add(root, path, structuredClone(get(root, from, op)));
      break;
    default:
      if (!jsonEquals(find(root, path) ?? null, value)) {
        throw new PatchError("INAPPLICABLE_PATCH", `testing value ${path} failed: test failed`);
      }
  }
}

/** The tokens of a JSON pointer (RFC 6901) below the synthetic root member that holds the document. */
function tokensOf(pointer: string): string[] {
  if (pointer !== "" && !pointer.startsWith("/")) {
    throw new PatchError(
      "INAPPLICABLE_PATCH",
      `"${pointer}" is not a JSON pointer: it must be empty or start with "/"`,
    );
  }
  return pointer.split("/").map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function find(root: JsonObject, path: string): JsonValue | undefined {
  let value: JsonValue | undefined = root;
  for (const token of tokensOf(path)) value = child(value, token);
  return value;
}

function child(value: JsonValue | undefined, token: string): JsonValue | undefined {
  if (Array.isArray(value)) return /^(0|[1-9]\d*)$/.test(token) ? value[Number(token)] : undefined;
  return isJsonObject(value) && Object.hasOwn(value, token) ? value[token] : undefined;
}

function get(root: JsonObject, path: string, op: string): JsonValue {
  const value = find(root, path);
  if (value === undefined) throw missing(op, path);
  return value;
}

function parentOf(root: JsonObject, path: string, op: string): { parent: JsonObject | JsonValue[]; token: string } {
  const tokens = tokensOf(path);
  const token = tokens.pop() ?? "";
  let parent: JsonValue | undefined = root;
  for (const part of tokens) parent = child(parent, part);
  if (!Array.isArray(parent) && !isJsonObject(parent)) throw missing(op, path);
  return { parent, token };
}

function add(root: JsonObject, path: string, value: JsonValue): void {
  const { parent, token } = parentOf(root, path, "add");
  if (Array.isArray(parent)) parent.splice(indexIn(parent, token, path, parent.length), 0, value);
  else setOwn(parent, token, value);
}

function put(root: JsonObject, path: string, value: JsonValue): void {
  const { parent, token } = parentOf(root, path, "replace");
  if (Array.isArray(parent)) parent[indexIn(parent, token, path, parent.length - 1)] = value;
  else setOwn(parent, token, value);
}

function remove(root: JsonObject, path: string): JsonValue {
  const value = get(root, path, "remove");
  const { parent, token } = parentOf(root, path, "remove");
  if (Array.isArray(parent)) parent.splice(Number(token), 1);
  else delete parent[token];
  return value;
}

function indexIn(array: readonly JsonValue[], token: string, path: string, largest: number): number {
  if (token === "-") return array.length;
  const index = /^(0|[1-9]\d*)$/.test(token) ? Number(token) : Number.NaN;
  if (!(index <= largest)) {
    throw new PatchError(
      "INAPPLICABLE_PATCH",
      `add operation does not apply: doc is missing path: "${path}": missing value`,
    );
  }
  return index;
}

function missing(op: string, path: string): PatchError {
  return new PatchError(
    "INAPPLICABLE_PATCH",
    `${op} operation does not apply: doc is missing path: "${path}": missing value`,
  );
}
