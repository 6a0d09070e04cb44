import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, errorMessage } from "@wherry/base";
import { applyMergePatch, type JsonObject, type JsonValue } from "@wherry/kubernetes";
import { parseAllDocuments } from "yaml";
import { decodeConfiguration } from "./decode-configuration.ts";
import { ConfigurationError } from "./errors.ts";
import type { KubeletConfiguration } from "./kubelet-configuration.ts";
import { type ResolvedConfiguration, resolveConfiguration } from "./resolve-configuration.ts";

const maxFileBytes = 1024 * 1024;
const maxAliases = 100;

export interface LoadConfigurationOptions {
  /** `--config`. */
  readonly file?: string | undefined;
  /** `--config-dir`: its `*.conf` files are merged over the file, in the order of their names. */
  readonly directory?: string | undefined;
  /** What stands where neither file says anything, before upstream's defaults; e.g. for another way to run. */
  readonly base?: KubeletConfiguration | undefined;
  /** Values from flags; win over everything. */
  readonly overrides?: KubeletConfiguration | undefined;
}

export interface LoadedConfiguration {
  readonly configuration: ResolvedConfiguration;
  /** For the log: settings that are valid upstream and have no effect here. */
  readonly warnings: readonly string[];
}

/**
 * Loads the configuration: flags over drop-ins over file over defaults. A field of a later source replaces the earlier one; objects
 * are merged field by field, lists are replaced whole.
 *
 * Rejects with `ConfigurationError` naming the source and all offending fields.
 */
export async function loadConfiguration(options: LoadConfigurationOptions): Promise<LoadedConfiguration> {
  const paths = [
    ...(options.file === undefined ? [] : [options.file]),
    ...(options.directory === undefined ? [] : await dropIns(options.directory)),
  ];
  let merged = (options.base ?? {}) as JsonObject;
  const warnings: string[] = [];
  const merge = (source: string, document: JsonValue): void => {
    const { configuration, problems, notImplemented } = decodeConfiguration(document);
    if (problems.length > 0) throw new ConfigurationError(source, problems);
    for (const { path, message } of notImplemented) warnings.push(`${path} of ${source} ${message}`);
    merged = applyMergePatch(merged, configuration as JsonObject) as JsonObject;
  };
  for (const path of paths) merge(`the file "${path}"`, await readDocument(path));
  if (options.overrides !== undefined)
    merge("the command line", {
      apiVersion: "kubelet.config.k8s.io/v1beta1",
      kind: "KubeletConfiguration",
      ...(options.overrides as JsonObject),
    });
  const { resolved, problems } = resolveConfiguration(merged as KubeletConfiguration);
  const sources = [
    ...paths.map((path) => `"${path}"`),
    ...(options.overrides === undefined ? [] : ["the command line"]),
  ];
  if (problems.length > 0) throw new ConfigurationError(sources.join(" and ") || "the defaults", problems);
  return { configuration: resolved, warnings };
}

async function dropIns(directory: string): Promise<string[]> {
  try {
    const names = await readdir(directory);
    return names
      .filter((name) => name.endsWith(".conf"))
      .sort()
      .map((name) => join(directory, name));
  } catch (error) {
    throw unreadable(`the directory "${directory}"`, error);
  }
}

async function readDocument(path: string): Promise<JsonValue> {
  const source = `the file "${path}"`;
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > maxFileBytes)
      throw new ConfigurationError(source, [{ path: "", message: `it has ${size} bytes, more than ${maxFileBytes}` }]);
    text = await readFile(path, "utf8");
  } catch (error) {
    throw error instanceof ConfigurationError ? error : unreadable(source, error);
  }
  // JSON is YAML, so one parser does for both.
  const documents = parseAllDocuments(text, { uniqueKeys: true, strict: true });
  const list = Array.isArray(documents) ? documents : [];
  const [document, second] = list;
  if (document === undefined || second !== undefined)
    throw new ConfigurationError(source, [
      { path: "", message: `it holds ${list.length} documents, it must hold one` },
    ]);
  const [error] = document.errors;
  if (error !== undefined) throw new ConfigurationError(source, [{ path: "", message: error.message }], error);
  try {
    return document.toJS({ maxAliasCount: maxAliases }) as JsonValue;
  } catch (cause) {
    throw new ConfigurationError(source, [{ path: "", message: errorMessage(cause) }], cause);
  }
}

function unreadable(source: string, error: unknown): ConfigurationError {
  const message = errorCode(error) === "ENOENT" ? "it does not exist" : errorMessage(error);
  return new ConfigurationError(source, [{ path: "", message }], error);
}
