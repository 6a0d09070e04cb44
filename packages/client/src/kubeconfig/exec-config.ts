import { resolve } from "node:path";

import type { Fields } from "./fields.ts";

const apiVersions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];

/** A program that prints credentials (client.authentication.k8s.io). */
export interface ExecConfig {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Added to the environment the caller gives. */
  readonly env: Readonly<Record<string, string>>;
  readonly installHint: string | undefined;
  readonly provideClusterInfo: boolean;
}

/** Reads the `exec` mapping of a user; a command with a path is relative to `directory`. */
export function parseExecConfig(fields: Fields, directory: string): ExecConfig {
  const apiVersion = fields.required("apiVersion");
  if (!apiVersions.includes(apiVersion))
    throw fields.error("apiVersion", `is ${JSON.stringify(apiVersion)}, want ${apiVersions.join(" or ")}`);
  const mode = fields.text("interactiveMode");
  if (mode === undefined && apiVersion === apiVersions[0])
    throw fields.error("interactiveMode", 'is missing, want "Never" or "IfAvailable"');
  if (mode === "Always")
    throw fields.error(
      "interactiveMode",
      'is "Always", but there is no terminal to ask on: use "Never" or "IfAvailable"',
    );
  if (mode !== undefined && mode !== "Never" && mode !== "IfAvailable")
    throw fields.error("interactiveMode", `is ${JSON.stringify(mode)}, want "Never" or "IfAvailable"`);
  const command = fields.required("command");
  const env: Record<string, string> = {};
  for (const variable of fields.list("env")) env[variable.required("name")] = variable.text("value") ?? "";
  return {
    apiVersion,
    command: command.includes("/") ? resolve(directory, command) : command,
    args: fields.texts("args"),
    env,
    installHint: fields.text("installHint"),
    provideClusterInfo: fields.flag("provideClusterInfo"),
  };
}
