import { canonicalQuantity, setOwn } from "@wherry/kubernetes";
import { badRequest } from "../errors.ts";
import type { Shape, StructShape } from "./schema-catalog.ts";

const maxDepth = 64;
const maxProblems = 100;

/** What a lenient reader ignores and a strict one refuses. */
export interface DecodeFindings {
  /** Messages such as `unknown field "spec.foo"`, in the order met. */
  readonly problems: string[];
}

interface State {
  readonly findings: DecodeFindings;
  depth: number;
}

/**
 * Reads a JSON value as the API type `shape`: drops unknown fields, nulls and empty optional lists and maps, checks types and
 * brings quantities into canonical form, so that what is stored is what Go's types would keep.
 *
 * Throws a 400 ApiError for a value of the wrong type.
 */
export function decodeObject(value: unknown, shape: StructShape, findings: DecodeFindings): Record<string, unknown> {
  if (!isPlainObject(value)) throw typeError(value, "", shape.name, shape.name);
  return decodeStruct(value, shape, "", { findings, depth: 0 });
}

function decodeStruct(
  value: Record<string, unknown>,
  shape: StructShape,
  path: string,
  state: State,
): Record<string, unknown> {
  if (++state.depth > maxDepth) throw badRequest(`object nests deeper than ${maxDepth} levels at "${path}"`);
  const result: Record<string, unknown> = {};
  for (const key in value) {
    const item = value[key];
    const field = shape.fields.get(key);
    const fieldPath = path === "" ? key : `${path}.${key}`;
    if (field === undefined) {
      report(state, `unknown field "${fieldPath}"`);
      continue;
    }
    if (item === null || item === undefined) continue;
    const decoded = decode(item, field, fieldPath, shape, state);
    if ((decoded === "" || decoded === 0 || decoded === false) && shape.dropsZero.has(key)) continue;
    if (decoded !== undefined || shape.required.has(key)) result[key] = decoded ?? item;
  }
  state.depth--;
  return result;
}

/** The decoded value; undefined for an empty list or map, which Go's `omitempty` would leave out. */
function decode(value: unknown, shape: Shape, path: string, owner: StructShape, state: State): unknown {
  switch (shape.kind) {
    case "struct":
      if (!isPlainObject(value)) throw typeError(value, path, owner.name, shape.name);
      return decodeStruct(value, shape, path, state);
    case "list":
      if (!Array.isArray(value)) throw typeError(value, path, owner.name, "[]");
      if (value.length === 0) return undefined;
      return value.map((item, index) => decodeItem(item, shape.item, `${path}[${index}]`, owner, state));
    case "map": {
      if (!isPlainObject(value)) throw typeError(value, path, owner.name, "map[string]");
      const result: Record<string, unknown> = {};
      let isEmpty = true;
      for (const key of Object.keys(value)) {
        setOwn(result, key, decodeItem(value[key], shape.value, `${path}.${key}`, owner, state));
        isEmpty = false;
      }
      return isEmpty ? undefined : result;
    }
    default:
      return decodeScalar(value, shape.scalar, path, owner);
  }
}

function decodeItem(value: unknown, shape: Shape, path: string, owner: StructShape, state: State): unknown {
  if (value === null) return shape.kind === "scalar" && shape.scalar === "string" ? "" : emptyOf(shape);
  return decode(value, shape, path, owner, state) ?? emptyOf(shape);
}

function emptyOf(shape: Shape): unknown {
  return shape.kind === "list" ? [] : {};
}

const goTypes: Readonly<Record<string, string>> = {
  string: "string",
  int32: "int32",
  int64: "int64",
  number: "float64",
  boolean: "bool",
  bytes: "[]uint8",
  time: "Time",
  microtime: "MicroTime",
  quantity: "Quantity",
  intOrString: "IntOrString",
};

function decodeScalar(value: unknown, scalar: string, path: string, owner: StructShape): unknown {
  switch (scalar) {
    case "string":
      if (typeof value === "string") return value;
      break;
    case "int32":
      if (isInt32(value)) return value;
      break;
    case "int64":
      if (Number.isSafeInteger(value)) return value;
      // Go's type holds some more, but a number that JavaScript has rounded is not the one that was sent.
      if (Number.isInteger(value)) throw badRequest(`${path} must lie between ±${Number.MAX_SAFE_INTEGER}`);
      break;
    case "number":
      if (typeof value === "number") return value;
      break;
    case "boolean":
      if (typeof value === "boolean") return value;
      break;
    case "intOrString":
      if (typeof value === "string" || isInt32(value)) return value;
      if (Number.isInteger(value)) throw typeError(value, path, owner.name, "int32");
      break;
    case "quantity":
      if (typeof value === "string" || typeof value === "number") return decodeQuantity(String(value));
      break;
    case "bytes":
      if (typeof value === "string") return decodeBytes(value);
      break;
    case "time":
    case "microtime":
      if (typeof value === "string") return decodeTime(value, scalar === "microtime");
      break;
    default:
      return value;
  }
  throw typeError(value, path, owner.name, goTypes[scalar] ?? scalar);
}

function decodeQuantity(text: string): string {
  try {
    return canonicalQuantity(text);
  } catch (error) {
    throw badRequest((error as Error).message);
  }
}

function decodeBytes(value: string): string {
  const text = value.replace(/[\r\n]/g, "");
  const match = /^[A-Za-z0-9+/]*(={0,2})$/.exec(text);
  if (match === null || text.length % 4 !== 0) {
    const at = /^[A-Za-z0-9+/]*/.exec(text)?.[0].length ?? 0;
    throw badRequest(`illegal base64 data at input byte ${Math.min(at, text.length)}`);
  }
  return text;
}

const timePattern = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.(\d{1,9}))?(?:[Zz]|[+-]\d\d:\d\d)$/;

function decodeTime(value: string, micro: boolean): string | undefined {
  if (value === "") return undefined;
  const match = timePattern.exec(value);
  const time = match === null ? Number.NaN : Date.parse(value);
  if (Number.isNaN(time)) {
    throw badRequest(`parsing time "${value.slice(0, 64)}" as "2006-01-02T15:04:05Z07:00": cannot parse it`);
  }
  const seconds = new Date(Math.floor(time / 1000) * 1000).toISOString().slice(0, 19);
  return micro ? `${seconds}.${(match?.[1] ?? "").padEnd(6, "0").slice(0, 6)}Z` : `${seconds}Z`;
}

function report(state: State, problem: string): void {
  if (state.findings.problems.length < maxProblems) state.findings.problems.push(problem);
}

function isInt32(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= -(2 ** 31) && (value as number) < 2 ** 31;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function typeError(value: unknown, path: string, owner: string, goType: string): Error {
  let found: string = typeof value;
  if (Array.isArray(value)) found = "array";
  else if (found === "boolean") found = "bool";
  else if (found === "number" && (goType.startsWith("int") || !Number.isInteger(value)))
    found = `number ${String(value)}`;
  const plainPath = path.replace(/\[\d+\]/g, "");
  return badRequest(`json: cannot unmarshal ${found} into Go struct field ${owner}.${plainPath} of type ${goType}`);
}
