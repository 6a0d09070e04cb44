import { readFile, stat } from "node:fs/promises";
import { errorCode, errorMessage } from "@wherry/base";
import type { JsonValue } from "@wherry/kubernetes";
import { parseAllDocuments } from "yaml";
import { ConfigurationError } from "./errors.ts";

const maxFileBytes = 1024 * 1024;
const maxAliases = 100;

/**
 * Reads a configuration file: one document of YAML or JSON, of a bounded size.
 *
 * @param subject what the file configures, for the error
 * @throws ConfigurationError naming the file
 */
export async function readDocument(path: string, subject?: string): Promise<JsonValue> {
  const source = `the file "${path}"`;
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > maxFileBytes)
      throw new ConfigurationError(
        source,
        [{ path: "", message: `it has ${size} bytes, more than ${maxFileBytes}` }],
        undefined,
        subject,
      );
    text = await readFile(path, "utf8");
  } catch (error) {
    throw error instanceof ConfigurationError ? error : unreadable(source, error, subject);
  }
  // JSON is YAML, so one parser does for both.
  const documents = parseAllDocuments(text, { uniqueKeys: true, strict: true });
  const list = Array.isArray(documents) ? documents : [];
  const [document, second] = list;
  if (document === undefined || second !== undefined)
    throw new ConfigurationError(
      source,
      [{ path: "", message: `it holds ${list.length} documents, it must hold one` }],
      undefined,
      subject,
    );
  const [error] = document.errors;
  if (error !== undefined) throw new ConfigurationError(source, [{ path: "", message: error.message }], error, subject);
  try {
    return document.toJS({ maxAliasCount: maxAliases }) as JsonValue;
  } catch (cause) {
    throw new ConfigurationError(source, [{ path: "", message: errorMessage(cause) }], cause, subject);
  }
}

/** The error for a source that cannot be read. */
export function unreadable(source: string, error: unknown, subject?: string): ConfigurationError {
  const message = errorCode(error) === "ENOENT" ? "it does not exist" : errorMessage(error);
  return new ConfigurationError(source, [{ path: "", message }], error, subject);
}
