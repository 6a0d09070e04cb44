import { setOwn } from "@wherry/kubernetes";
import type { SchemaCatalog, Shape, StructShape } from "../decoding/schema-catalog.ts";
import { fieldNumbers } from "./field-numbers.ts";
import { malformed, readFields, type WireField } from "./protobuf-reader.ts";

type Json = Record<string, unknown>;

const magic = Buffer.from("k8s\0");
const maxDepth = 64;
/** Seconds of Go's zero time, the first of January of year 1. */
const zeroTimeSeconds = -62_135_596_800n;

/**
 * Reads a body of type `application/vnd.kubernetes.protobuf` as the JSON it stands for; zero values are left in.
 *
 * Throws a 400 ApiError.
 */
export function decodeProtobuf(body: Buffer, schemaKey: string, schemas: SchemaCatalog): Json {
  if (!body.subarray(0, magic.length).equals(magic)) throw malformed("it does not start with the Kubernetes prefix");
  const result: Json = {};
  let raw: Buffer = Buffer.alloc(0);
  for (const { number, value } of readFields(body.subarray(magic.length))) {
    if (number === 1) Object.assign(result, readTypeMeta(bytesOf(value)));
    else if (number === 2) raw = bytesOf(value);
  }
  readMessage(raw, schemaKey, schemas.struct(schemaKey), result, 0);
  return result;
}

function readTypeMeta(bytes: Buffer): Json {
  const meta: Json = {};
  for (const { number, value } of readFields(bytes)) {
    const text = bytesOf(value).toString("utf8");
    if (text !== "") meta[number === 1 ? "apiVersion" : "kind"] = text;
  }
  return meta;
}

/** Names by number, with the types of those that JSON shows in line. */
function numberedFields(type: string): ReadonlyMap<number, string> {
  const fields = new Map<number, string>();
  for (const part of (fieldNumbers[type] ?? "").split(" ")) {
    const match = /^(.+)=(\d+)[*!]?$/.exec(part);
    if (match?.[1] !== undefined) fields.set(Number(match[2]), match[1]);
  }
  return fields;
}

function readMessage(bytes: Buffer, type: string, shape: StructShape, result: Json, depth: number): void {
  if (depth > maxDepth) throw malformed(`messages nest deeper than ${maxDepth} levels`);
  const names = numberedFields(type);
  for (const { number, value } of readFields(bytes)) {
    const name = names.get(number);
    if (name === undefined) continue;
    if (name.startsWith("@")) {
      readMessage(bytesOf(value), name.slice(1), shape, result, depth + 1);
      continue;
    }
    const field = shape.fields.get(name);
    if (field !== undefined) readField(result, name, field, value, depth);
  }
}

function readField(result: Json, name: string, shape: Shape, value: WireField["value"], depth: number): void {
  if (shape.kind === "list") {
    result[name] ??= [];
    (result[name] as unknown[]).push(...readItems(value, shape.item, depth));
  } else if (shape.kind === "map") {
    result[name] ??= {};
    readEntry(result[name] as Json, bytesOf(value), shape.value, depth);
  } else {
    const read = readValue(value, shape, depth);
    if (read !== undefined) result[name] = read;
  }
}

const packable: ReadonlySet<string> = new Set(["int32", "int64", "boolean"]);

/** The items that one occurrence of a repeated field holds: one, or many packed numbers. */
function readItems(value: WireField["value"], item: Shape, depth: number): unknown[] {
  if (Buffer.isBuffer(value) && item.kind === "scalar" && packable.has(item.scalar)) {
    throw malformed("packed lists of numbers are not in use");
  }
  return [readValue(value, item, depth)];
}

function readEntry(map: Json, bytes: Buffer, shape: Shape, depth: number): void {
  let key = "";
  let entry: unknown;
  for (const { number, value } of readFields(bytes)) {
    if (number === 1) key = bytesOf(value).toString("utf8");
    // The lists in maps are messages whose first field is the list.
    else if (number === 2 && shape.kind === "list") entry = listIn(bytesOf(value), shape.item, depth);
    else if (number === 2) entry = readValue(value, shape, depth);
  }
  setOwn(map, key, entry ?? "");
}

function listIn(bytes: Buffer, item: Shape, depth: number): unknown[] {
  const items: unknown[] = [];
  for (const { number, value } of readFields(bytes)) if (number === 1) items.push(readValue(value, item, depth));
  return items;
}

function readValue(value: WireField["value"], shape: Shape, depth: number): unknown {
  if (shape.kind === "struct") {
    const result: Json = {};
    readMessage(bytesOf(value), shape.key, shape, result, depth + 1);
    return result;
  }
  if (shape.kind !== "scalar") throw malformed("a list within a list is not in use");
  switch (shape.scalar) {
    case "string":
      return bytesOf(value).toString("utf8");
    case "bytes":
      return bytesOf(value).toString("base64");
    case "int32":
      return Number(BigInt.asIntN(32, varintOf(value)));
    case "int64":
      return Number(BigInt.asIntN(64, varintOf(value)));
    case "boolean":
      return varintOf(value) !== 0n;
    case "number":
      return Number(value);
    case "quantity":
      return firstText(bytesOf(value)) || "0";
    case "time":
    case "microtime":
      return readTime(bytesOf(value), shape.scalar === "microtime");
    case "intOrString":
      return readIntOrString(bytesOf(value));
    default:
      return readRaw(bytesOf(value));
  }
}

function firstText(bytes: Buffer): string {
  for (const { number, value } of readFields(bytes)) if (number === 1) return bytesOf(value).toString("utf8");
  return "";
}

function readTime(bytes: Buffer, isMicro: boolean): string | undefined {
  let seconds = 0n;
  let nanos = 0n;
  let isSet = false;
  for (const { number, value } of readFields(bytes)) {
    if (number === 1) seconds = BigInt.asIntN(64, varintOf(value));
    else if (number === 2) nanos = BigInt.asIntN(64, varintOf(value));
    isSet = true;
  }
  if (!isSet || seconds === zeroTimeSeconds) return undefined;
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) throw malformed("a time is out of range");
  const text = date.toISOString().slice(0, 19);
  return isMicro ? `${text}.${String(nanos / 1000n).padStart(6, "0")}Z` : `${text}Z`;
}

function readIntOrString(bytes: Buffer): number | string {
  let isString = false;
  let number = 0;
  let text = "";
  for (const field of readFields(bytes)) {
    if (field.number === 1) isString = varintOf(field.value) === 1n;
    else if (field.number === 2) number = Number(BigInt.asIntN(32, varintOf(field.value)));
    else if (field.number === 3) text = bytesOf(field.value).toString("utf8");
  }
  return isString ? text : number;
}

/** FieldsV1 and RawExtension: JSON in the first field. */
function readRaw(bytes: Buffer): unknown {
  const text = firstText(bytes);
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw malformed("an embedded value is not JSON");
  }
}

function bytesOf(value: WireField["value"]): Buffer {
  if (!Buffer.isBuffer(value)) throw malformed("a number stands where bytes belong");
  return value;
}

function varintOf(value: WireField["value"]): bigint {
  if (typeof value !== "bigint") throw malformed("bytes stand where a number belongs");
  return value;
}
