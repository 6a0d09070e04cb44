import { bareImageName } from "../standard/image-name.ts";
import type { ImagePullCredentials, ImagePulledRecord } from "./image-pulled-record.ts";
import { credentialHash, type PullCredential } from "./pull-credential.ts";
import { requiresVerification, type VerificationPolicy } from "./verification-policy.ts";

/** What is known of a present image. */
export interface ImageHistory {
  readonly record: ImagePulledRecord | undefined;
  /** Whether a pull of that name has begun and its end is not on record. */
  readonly isPulling: boolean;
}

/** Whether a pod may use a present image as it is; `ask` depends on the pod's credentials. */
export type AccessDecision =
  | { readonly kind: "allowed"; readonly by: "policy" | "record" }
  | { readonly kind: "refused" }
  | { readonly kind: "ask"; readonly known: ImagePullCredentials };

/** Decides as far as that goes without the pod's credentials, which may be costly to get. */
export function decideAccess(
  image: string,
  { record, isPulling }: ImageHistory,
  policy: VerificationPolicy,
): AccessDecision {
  if (!requiresVerification(policy, image, record !== undefined || isPulling)) return { kind: "allowed", by: "policy" };
  const known = record?.credentialMapping.get(bareImageName(image) ?? "");
  if (known === undefined) return { kind: "refused" };
  if (known.nodePodsAccessible) return { kind: "allowed", by: "record" };
  if (known.kubernetesSecrets.length === 0 && known.kubernetesServiceAccounts.length === 0) return { kind: "refused" };
  return { kind: "ask", known };
}

export interface CredentialMatch {
  readonly allowed: boolean;
  /** What let the pod in and is not on record in this form: another secret of the same credentials, or new ones of the same secret. */
  readonly learned?: PullCredential | undefined;
}

/** From so many secrets on the record of an image learns none without a pull, so that it does not grow with every namespace. */
const maxLearnedSecrets = 100;

/** Compares the credentials of a pod with those that were good for a pull. */
export function matchPresented(known: ImagePullCredentials, presented: readonly PullCredential[]): CredentialMatch {
  const learns = known.kubernetesSecrets.length < maxLearnedSecrets;
  for (const credential of presented) {
    const { source } = credential;
    if (source?.kind !== "Secret") continue;
    const hash = credentialHash(credential);
    for (const secret of known.kubernetesSecrets) {
      const sameContent = hash === secret.credentialHash;
      const sameSecret =
        source.uid === secret.uid && source.namespace === secret.namespace && source.name === secret.name;
      if (sameContent && sameSecret) return { allowed: true };
      if (sameContent) return { allowed: true, learned: learns ? credential : undefined };
      if (sameSecret && learns) return { allowed: true, learned: credential };
    }
  }
  // Upstream asks for the first account only; a pod has one.
  const account = presented.find(({ source }) => source?.kind === "ServiceAccount")?.source;
  const allowed = known.kubernetesServiceAccounts.some(
    ({ uid, namespace, name }) => uid === account?.uid && namespace === account.namespace && name === account.name,
  );
  return { allowed };
}
