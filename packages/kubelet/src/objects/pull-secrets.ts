import { errorMessage, isAbort, type Logger } from "@wherry/base";
import { isForbidden } from "@wherry/client";
import { isStaticPod, type Pod, type Secret } from "@wherry/kubernetes";
import type { CredentialProviders } from "../credentials/credential-providers.ts";
import type { CredentialSource, PullCredential } from "../images/pull-credential.ts";
import type { EventRecorder } from "../ports/event-recorder.ts";
import type { ObjectCache, ObjectCallOptions } from "../ports/object-cache.ts";
import { type DockerConfig, parseDockerConfig } from "./docker-config.ts";
import { matchCredentials } from "./registry-keyring.ts";

/** Finds the credentials for pulling a pod's images. */
export interface PullSecrets {
  /**
   * Credentials to try in this order: the pod's, then those of the node's plug-ins; empty when none match.
   *
   * Never fails for a pull secret that is missing or broken: the pull may succeed without, so that is an event
   * `FailedToRetrieveImagePullSecret` only. Rejects when `signal` aborts.
   */
  pullCredentials(pod: Pod, image: string, options?: ObjectCallOptions): Promise<PullCredential[]>;
}

export interface PullSecretsOptions {
  readonly objects: Pick<ObjectCache, "secret" | "serviceAccount">;
  readonly events: EventRecorder;
  readonly logger: Logger;
  /** Plug-ins, whose credentials are tried after the pod's own. @default none */
  readonly providers?: Pick<CredentialProviders, "imageCredentials"> | undefined;
}

/**
 * Pull secrets of the pod, or of its service account when it names none.
 *
 * The ServiceAccount admission of a cluster copies the account's secrets into the pod and the node authorizer may forbid reading
 * the account, so a refusal means that there is nothing more to find.
 */
export function createPullSecrets(options: PullSecretsOptions): PullSecrets {
  const { objects, events, logger } = options;
  return {
    async pullCredentials(pod, image, call = {}) {
      const namespace = pod.metadata?.namespace ?? "default";
      const names = await secretNames(options, pod, call);
      const failed: string[] = [];
      const configs = await Promise.all(
        names.map(async (name): Promise<DockerConfig<PullCredential>> => {
          try {
            const secret = await objects.secret(namespace, name, call);
            if (secret !== undefined)
              return ofSecret(configOf(secret), { namespace, name, uid: secret.metadata?.uid ?? "" });
          } catch (error) {
            if (isAbort(error, call.signal)) throw error;
            logger.warn("Cannot use an image pull secret", { namespace, name, error: errorMessage(error) });
          }
          failed.push(name);
          return [];
        }),
      );
      if (failed.length > 0)
        events.event(
          { kind: "Pod", pod },
          {
            type: "Warning",
            reason: "FailedToRetrieveImagePullSecret",
            message: `Unable to retrieve some image pull secrets (${failed.sort().join(", ")}); attempting to pull the image may not succeed.`,
          },
        );
      const own = matchCredentials(configs.flat(), image);
      return [...own, ...((await options.providers?.imageCredentials(image, pod, call)) ?? [])];
    },
  };
}

async function secretNames(options: PullSecretsOptions, pod: Pod, call: ObjectCallOptions): Promise<string[]> {
  // A static pod has no service account, and no API server may be there to ask.
  if (isStaticPod(pod)) return [];
  const own = namesOf(pod.spec?.imagePullSecrets);
  if (own.length > 0) return own;
  const namespace = pod.metadata?.namespace ?? "default";
  const name = pod.spec?.serviceAccountName || "default";
  try {
    const account = await options.objects.serviceAccount(namespace, name, call);
    return namesOf(account?.imagePullSecrets);
  } catch (error) {
    if (isAbort(error, call.signal)) throw error;
    if (!isForbidden(error))
      options.logger.warn("Cannot read a service account for its image pull secrets", {
        namespace,
        name,
        error: errorMessage(error),
      });
    return [];
  }
}

function namesOf(references: readonly { readonly name?: string | undefined }[] | undefined): string[] {
  const names = (references ?? []).map(({ name }) => name).filter((name): name is string => !!name);
  return [...new Set(names)];
}

function ofSecret(config: DockerConfig, secret: Omit<CredentialSource, "kind">): DockerConfig<PullCredential> {
  return config.map(({ location, auth }) => ({ location, auth: { ...auth, source: { kind: "Secret", ...secret } } }));
}

function configOf(secret: Secret): DockerConfig {
  const modern = secret.data?.[".dockerconfigjson"];
  const old = secret.data?.[".dockercfg"];
  if (secret.type === "kubernetes.io/dockerconfigjson" && modern !== undefined)
    return parseDockerConfig(decode(modern), "dockerconfigjson");
  if (secret.type === "kubernetes.io/dockercfg" && old !== undefined)
    return parseDockerConfig(decode(old), "dockercfg");
  throw new TypeError(
    `secret of type "${secret.type ?? ""}" holds no image pull credentials: expected kubernetes.io/dockerconfigjson with key ".dockerconfigjson" or kubernetes.io/dockercfg with key ".dockercfg"`,
  );
}

function decode(data: string): string {
  return Buffer.from(data, "base64").toString("utf8");
}
