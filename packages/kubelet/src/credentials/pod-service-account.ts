import { errorMessage, isAbort } from "@wherry/base";
import type { Pod, ServiceAccount } from "@wherry/kubernetes";
import { KubeletError } from "../errors.ts";
import type { ObjectCache } from "../ports/object-cache.ts";
import type { ServiceAccountTokens } from "../tokens/service-account-tokens.ts";
import type { TokenAttributes } from "./token-attributes.ts";

/** Where that comes from which plug-ins with `tokenAttributes` are told. */
export interface CredentialProviderServices {
  readonly objects: Pick<ObjectCache, "serviceAccount">;
  readonly tokens: Pick<ServiceAccountTokens, "token">;
}

/** What a plug-in is told of a service account, and what it is told apart by. */
export interface PodServiceAccount {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** For the plug-in's audience, bound to the pod. */
  readonly token: string;
  /** Those that the plug-in's configuration names, sorted by key. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** `none` is to be asked about without an account; `unfit` not at all. */
export type FoundServiceAccount =
  | { readonly kind: "account"; readonly account: PodServiceAccount }
  | { readonly kind: "none" }
  | { readonly kind: "unfit"; readonly why: string };

/**
 * Reads the pod's service account and gets a token of it, as a plug-in's `tokenAttributes` say.
 *
 * Rejects when the account cannot be read or the token is not given; words are upstream's.
 */
export async function findServiceAccount(
  pod: Pod,
  attributes: TokenAttributes,
  services: CredentialProviderServices,
  signal: AbortSignal | undefined,
): Promise<FoundServiceAccount> {
  const { namespace = "default", name: podName = "" } = pod.metadata ?? {};
  const name = pod.spec?.serviceAccountName ?? "";
  if (name === "") {
    if (!attributes.requireServiceAccount) return { kind: "none" };
    return { kind: "unfit", why: `Service account name is empty for pod ${namespace}/${podName}` };
  }
  const found = await attempt(`Failed to get service account ${namespace}/${name}`, signal, async () => {
    const account = await services.objects.serviceAccount(namespace, name, { signal });
    if (account === undefined) throw new KubeletError("NotFound", `serviceaccounts "${name}" not found`);
    return account;
  });
  const missing = attributes.requiredServiceAccountAnnotationKeys.find((key) => annotation(found, key) === undefined);
  if (missing !== undefined) {
    const why = `Failed to get service account data ${namespace}/${name}: required annotation ${missing} not found`;
    return { kind: "unfit", why };
  }
  const uid = found.metadata?.uid ?? "";
  const token = await attempt(`Error getting service account token ${namespace}/${name}`, signal, () =>
    services.tokens.token(pod, {
      audience: attributes.serviceAccountTokenAudience,
      serviceAccountUid: uid,
      signal,
    }),
  );
  return { kind: "account", account: { namespace, name, uid, token, annotations: wanted(found, attributes) } };
}

function wanted(account: ServiceAccount, attributes: TokenAttributes): Record<string, string> {
  const { requiredServiceAccountAnnotationKeys, optionalServiceAccountAnnotationKeys } = attributes;
  const annotations: Record<string, string> = {};
  for (const key of [...requiredServiceAccountAnnotationKeys, ...optionalServiceAccountAnnotationKeys].sort()) {
    const value = annotation(account, key);
    if (value !== undefined) annotations[key] = value;
  }
  return annotations;
}

function annotation({ metadata }: ServiceAccount, key: string): string | undefined {
  const annotations = metadata?.annotations ?? {};
  // "constructor" is a key that a configuration may name.
  return Object.hasOwn(annotations, key) ? annotations[key] : undefined;
}

async function attempt<T>(what: string, signal: AbortSignal | undefined, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    if (isAbort(error, signal)) throw error;
    throw new KubeletError("CredentialPluginFailed", `${what}: ${errorMessage(error)}`, { cause: error });
  }
}
