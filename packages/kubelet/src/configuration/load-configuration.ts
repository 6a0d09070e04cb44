import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { applyMergePatch, type JsonObject, type JsonValue } from "@wherry/kubernetes";
import { decodeConfiguration } from "./decode-configuration.ts";
import { ConfigurationError } from "./errors.ts";
import type { KubeletConfiguration } from "./kubelet-configuration.ts";
import { readDocument, unreadable } from "./read-document.ts";
import { type ResolvedConfiguration, resolveConfiguration } from "./resolve-configuration.ts";

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
