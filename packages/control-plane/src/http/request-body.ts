import type { JsonValue } from "@wherry/kubernetes";
import { findDuplicateFields } from "../decoding/duplicate-fields.ts";
import type { SchemaCatalog } from "../decoding/schema-catalog.ts";
import { badRequest, unsupportedMediaType } from "../errors.ts";
import { decodeProtobuf } from "../protobuf/decode-protobuf.ts";
import type { HttpExchange } from "./http-exchange.ts";
import { mediaTypeOf } from "./media-type.ts";

const json = "application/json";
const protobuf = "application/vnd.kubernetes.protobuf";

/**
 * The body of a request as JSON, whichever of our two encodings it came in; undefined for an empty body.
 *
 * Keys that come twice are reported to `problems`. Throws ApiError: 400 for a body that cannot be read, 413, 415.
 */
export async function readObjectBody(
  exchange: HttpExchange,
  schemaKey: string,
  schemas: SchemaCatalog,
  problems: string[] = [],
): Promise<unknown> {
  const body = await exchange.readBody();
  if (body.length === 0) return undefined;
  const type = mediaTypeOf(exchange.header("content-type"));
  if (type === protobuf) return decodeProtobuf(body, schemaKey, schemas);
  // A body without a type is taken for JSON, as upstream does.
  if (type !== "" && type !== json) throw unsupportedMediaType(type, [json, protobuf]);
  return parseJson(body, problems);
}

/** Reads JSON, reporting keys that come twice; throws a 400 ApiError. */
export function parseJson(body: Buffer, problems: string[]): JsonValue {
  const text = body.toString("utf8");
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (error) {
    throw badRequest(`couldn't get version/kind; json parse error: ${(error as Error).message.slice(0, 300)}`);
  }
  for (const path of findDuplicateFields(text)) problems.push(`duplicate field "${path}"`);
  return value;
}
