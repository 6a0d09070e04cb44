import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { aborted, type Clock, errorMessage, isAbort, type Logger, raceAbort, systemClock } from "@wherry/base";
import type { Pod } from "@wherry/kubernetes";
import { ConfigurationError } from "../configuration/errors.ts";
import type { PullCredential } from "../images/pull-credential.ts";
import { matchCredentials } from "../objects/registry-keyring.ts";
import { CredentialPlugin } from "./credential-plugin.ts";
import { type CredentialProviderConfig, loadCredentialProviderConfig } from "./credential-provider-config.ts";
import { type CredentialProviderServices, findServiceAccount } from "./pod-service-account.ts";
import { type RunCredentialPlugin, runCredentialPlugin } from "./run-credential-plugin.ts";

/** Credentials for pulling images that plug-ins of the node know. */
export interface CredentialProviders {
  /**
   * Credentials to try in this order. A plug-in that fails, or cannot be told what its `tokenAttributes` promise it, is a line in
   * the log; rejects only when `signal` aborts.
   *
   * @param pod whose image is pulled; its service account is told to plug-ins with `tokenAttributes`
   */
  imageCredentials(
    image: string,
    pod: Pod,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<PullCredential[]>;
  /** Ends plug-ins that run when `signal` aborts; none can be asked afterwards. */
  run(signal: AbortSignal): Promise<void>;
}

/** Makes the plug-ins of a configuration for one kubelet. */
export type CredentialProvidersFactory = (services: CredentialProviderServices) => CredentialProviders;

export interface CredentialProvidersOptions {
  readonly binDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
  readonly clock?: Clock | undefined;
  /** @default starts the program */
  readonly runPlugin?: RunCredentialPlugin | undefined;
}

/**
 * Loads a credential provider configuration and makes sure of its programs.
 *
 * Rejects with `ConfigurationError` for a file that is wrong and for a program that is not there.
 */
export async function loadCredentialProviders(
  options: CredentialProvidersOptions & { readonly file: string },
): Promise<CredentialProvidersFactory> {
  const configs = await loadCredentialProviderConfig(options.file);
  for (const [index, { name }] of configs.entries()) {
    const program = join(options.binDirectory, name);
    try {
      await access(program, constants.X_OK);
    } catch (error) {
      const message = `is "${name}", but "${program}" is no program that this user can run`;
      const problems = [{ path: `providers[${index}].name`, message }];
      throw new ConfigurationError(`the file "${options.file}"`, problems, error, "credential provider configuration");
    }
  }
  return (services) => createCredentialProviders(configs, services, options);
}

/** Plug-ins that speak credentialprovider.kubelet.k8s.io/v1, asked in the order of the configuration. */
export function createCredentialProviders(
  configs: readonly CredentialProviderConfig[],
  services: CredentialProviderServices,
  options: CredentialProvidersOptions,
): CredentialProviders {
  const { clock = systemClock, runPlugin: run = runCredentialPlugin, logger } = options;
  const plugins = configs.map((config) => new CredentialPlugin({ ...options, config, run, clock }));
  const life = new AbortController();
  const ask = async (
    plugin: CredentialPlugin,
    image: string,
    pod: Pod,
    signal?: AbortSignal,
  ): Promise<PullCredential[]> => {
    try {
      const { tokenAttributes } = plugin;
      const identity =
        tokenAttributes === undefined
          ? ({ kind: "none" } as const)
          : await findServiceAccount(pod, tokenAttributes, services, signal);
      if (identity.kind === "unfit") {
        logger.debug("A credential provider plug-in is not asked", {
          plugin: plugin.name,
          image,
          reason: identity.why,
        });
        return [];
      }
      const account = identity.kind === "account" ? identity.account : undefined;
      const found = matchCredentials(await plugin.credentials(image, account, life.signal), image);
      if (account === undefined) return found;
      const { uid, namespace, name } = account;
      return found.map((auth) => ({ ...auth, source: { kind: "ServiceAccount", uid, namespace, name } }));
    } catch (error) {
      if (isAbort(error, signal)) throw error;
      logger.error("A credential provider plug-in failed", { plugin: plugin.name, image, error: errorMessage(error) });
      return [];
    }
  };
  return {
    async imageCredentials(image, pod, { signal } = {}) {
      const asked = plugins.filter((plugin) => plugin.knows(image)).map((plugin) => ask(plugin, image, pod, signal));
      return (await raceAbort(Promise.all(asked), signal)).flat();
    },
    async run(signal) {
      await aborted(signal);
      life.abort();
    },
  };
}
