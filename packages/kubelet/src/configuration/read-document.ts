import { readFile, stat } from "node:fs/promises";
import { errorCode, errorMessage } from "@wherry/base";
import { parseYaml, type YamlDocument } from "@wherry/client";
import type { JsonValue } from "@wherry/kubernetes";
import { ConfigurationError } from "./errors.ts";

const maxFileBytes = 1024 * 1024;

/**
 * Reads a configuration file: one document of YAML or JSON, of a bounded size, in which no key stands twice.
 *
 * @param subject what the file configures, for the error
 * @throws ConfigurationError naming the file
 */
export async function readDocument(path: string, subject?: string): Promise<JsonValue> {
  const source = `the file "${path}"`;
  const wrong = (message: string, cause?: unknown) =>
    new ConfigurationError(source, [{ path: "", message }], cause, subject);
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > maxFileBytes) throw wrong(`it has ${size} bytes, more than ${maxFileBytes}`);
    text = await readFile(path, "utf8");
  } catch (error) {
    throw error instanceof ConfigurationError ? error : unreadable(source, error, subject);
  }
  let documents: readonly YamlDocument[];
  try {
    documents = parseYaml(text);
  } catch (error) {
    throw wrong(errorMessage(error), error);
  }
  const [document, second] = documents;
  if (document === undefined || second !== undefined)
    throw wrong(`it holds ${documents.length} documents, it must hold one`);
  // Upstream only warns of it, as it does of unknown fields; both are refused here, where nobody looks at warnings again.
  const [duplicate] = document.duplicateKeys;
  if (duplicate !== undefined) throw wrong(duplicate);
  return document.value;
}

/** The error for a source that cannot be read. */
export function unreadable(source: string, error: unknown, subject?: string): ConfigurationError {
  const message = errorCode(error) === "ENOENT" ? "it does not exist" : errorMessage(error);
  return new ConfigurationError(source, [{ path: "", message }], error, subject);
}
