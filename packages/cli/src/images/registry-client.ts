import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { errorCode, errorMessage, WherryError } from "@wherry/base";
import {
  type CredentialProvider,
  createDistributionClient,
  type DistributionClient,
  dockerConfigCredentials,
  parseDockerConfig,
} from "@wherry/distribution";
import type { CommandContext } from "../command.ts";
import type { FlagValues } from "../flags/flag.ts";
import { version } from "../version.ts";

/** A client for OCI registries as the flags and the user's docker configuration have it. */
export async function registryClient(flags: FlagValues, context: CommandContext): Promise<DistributionClient> {
  const credentials = await dockerCredentials(flags, context);
  return createDistributionClient({
    ...(credentials && { credentials }),
    insecureRegistries: flags.strings("insecure-registry"),
    proxyEnvironment: proxyVariables(context),
    userAgent: `wherry/${version}`,
  });
}

async function dockerCredentials(flags: FlagValues, context: CommandContext): Promise<CredentialProvider | undefined> {
  const given = flags.string("docker-config");
  const directory = context.environment["DOCKER_CONFIG"] ?? join(homedir(), ".docker");
  const path = given === undefined ? join(directory, "config.json") : resolve(context.workingDirectory, given);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (given === undefined && errorCode(error) === "ENOENT") return undefined;
    throw new WherryError(
      "DockerConfigUnreadable",
      `Cannot read docker configuration "${path}": ${errorMessage(error)}`,
      { cause: error },
    );
  }
  try {
    return dockerConfigCredentials(parseDockerConfig(text));
  } catch (error) {
    throw new WherryError("DockerConfigInvalid", `Cannot use docker configuration "${path}": ${errorMessage(error)}`, {
      cause: error,
    });
  }
}

/** The proxy variables that curl and Go read, in either case. */
export function proxyVariables(context: CommandContext): Record<string, string> {
  const result: Record<string, string> = {};
  for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"]) {
    const value = context.environment[name] ?? context.environment[name.toLowerCase()];
    if (value !== undefined && value !== "") result[name] = value;
  }
  return result;
}
