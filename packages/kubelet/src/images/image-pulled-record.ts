import { KubeletError } from "../errors.ts";
import { credentialHash, type PullCredential } from "./pull-credential.ts";

/** A service account whose token a plug-in made the credentials of a pull from. */
export interface ImagePullServiceAccount {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
}

/** A secret whose credentials were good for a pull. */
export interface ImagePullSecret extends ImagePullServiceAccount {
  readonly credentialHash: string;
}

/** Who has shown that they may pull an image; who is not here is not known to. */
export interface ImagePullCredentials {
  /** Pulled without credentials, or with such that all pods of the node have; the lists are empty then. */
  readonly nodePodsAccessible: boolean;
  readonly kubernetesSecrets: readonly ImagePullSecret[];
  readonly kubernetesServiceAccounts: readonly ImagePullServiceAccount[];
}

/** `ImagePulledRecord` of `kubelet.config.k8s.io`: an image that this kubelet pulled, and for whom. */
export interface ImagePulledRecord {
  /** RFC 3339. */
  readonly lastUpdatedTime: string;
  /** The runtime's ID of the image. */
  readonly imageRef: string;
  /** By names as pods have them, without tag and digest. */
  readonly credentialMapping: ReadonlyMap<string, ImagePullCredentials>;
}

const apiGroup = "kubelet.config.k8s.io";
const kind = "ImagePulledRecord";

/** What a pull with these credentials shows. */
export function provenCredentials(used: PullCredential | undefined): ImagePullCredentials {
  const none = { nodePodsAccessible: false, kubernetesSecrets: [], kubernetesServiceAccounts: [] };
  if (used?.source === undefined) return { ...none, nodePodsAccessible: true };
  const { kind: sourceKind, uid, namespace, name } = used.source;
  return sourceKind === "Secret"
    ? { ...none, kubernetesSecrets: [{ uid, namespace, name, credentialHash: credentialHash(used) }] }
    : { ...none, kubernetesServiceAccounts: [{ uid, namespace, name }] };
}

/** Both together; `known` itself where `proven` adds nothing. A secret has the hash that it was last proven with. */
export function mergeCredentials(
  known: ImagePullCredentials | undefined,
  proven: ImagePullCredentials,
): ImagePullCredentials {
  if (known === undefined || (proven.nodePodsAccessible && !known.nodePodsAccessible)) return proven;
  if (known.nodePodsAccessible) return known;
  const kubernetesSecrets = mergeObjects(known.kubernetesSecrets, proven.kubernetesSecrets);
  const kubernetesServiceAccounts = mergeObjects(known.kubernetesServiceAccounts, proven.kubernetesServiceAccounts);
  const isSame =
    kubernetesSecrets === known.kubernetesSecrets && kubernetesServiceAccounts === known.kubernetesServiceAccounts;
  return isSame ? known : { nodePodsAccessible: false, kubernetesSecrets, kubernetesServiceAccounts };
}

/** By object; `known` itself where nothing is new. */
function mergeObjects<T extends ImagePullServiceAccount & Partial<ImagePullSecret>>(
  known: readonly T[],
  added: readonly T[],
): readonly T[] {
  const merged = new Map(known.map((object) => [objectKey(object), object]));
  const news = added.filter((object) => {
    const old = merged.get(objectKey(object));
    return old === undefined || old.credentialHash !== object.credentialHash;
  });
  if (news.length === 0) return known;
  for (const object of news) merged.set(objectKey(object), object);
  return [...merged].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
}

function objectKey({ namespace, name, uid }: ImagePullServiceAccount): string {
  return `${namespace}\0${name}\0${uid}`;
}

/** The file of a record, as upstream's kubelet writes it. */
export function formatPulledRecord({ lastUpdatedTime, imageRef, credentialMapping }: ImagePulledRecord): string {
  const mapping = [...credentialMapping].sort(([a], [b]) => (a < b ? -1 : 1));
  const record = {
    kind,
    apiVersion: `${apiGroup}/v1beta1`,
    lastUpdatedTime,
    imageRef,
    credentialMapping: Object.fromEntries(mapping.map(([name, credentials]) => [name, withoutEmpty(credentials)])),
  };
  return `${JSON.stringify(record)}\n`;
}

function withoutEmpty(credentials: ImagePullCredentials): object {
  const { nodePodsAccessible, kubernetesSecrets, kubernetesServiceAccounts } = credentials;
  return {
    ...(kubernetesSecrets.length > 0 && {
      kubernetesSecrets: kubernetesSecrets.map(({ uid, namespace, name, credentialHash: hash }) => {
        return { uid, namespace, name, credentialHash: hash };
      }),
    }),
    ...(kubernetesServiceAccounts.length > 0 && {
      kubernetesServiceAccounts: kubernetesServiceAccounts.map(({ uid, namespace, name }) => ({
        uid,
        namespace,
        name,
      })),
    }),
    ...(nodePodsAccessible && { nodePodsAccessible }),
  };
}

/**
 * Reads the file of a record, of v1beta1 or v1alpha1.
 *
 * @throws KubeletError for anything else: whoever is in doubt has the image pulled again
 */
export function parsePulledRecord(text: string): ImagePulledRecord {
  const { lastUpdatedTime, imageRef, credentialMapping = {} } = parseKubeletObject(text, kind);
  if (typeof imageRef !== "string" || typeof lastUpdatedTime !== "string" || !isRecord(credentialMapping))
    throw broken(kind);
  return {
    lastUpdatedTime,
    imageRef,
    credentialMapping: new Map(
      Object.entries(credentialMapping).map(([name, credentials]) => [name, parseCredentials(credentials)]),
    ),
  };
}

/** Reads JSON of a kind of `kubelet.config.k8s.io`, v1beta1 or v1alpha1. @throws KubeletError for anything else */
export function parseKubeletObject(text: string, expected: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw broken(expected, error);
  }
  if (!isRecord(value) || value["kind"] !== expected) throw broken(expected);
  if (value["apiVersion"] !== `${apiGroup}/v1beta1` && value["apiVersion"] !== `${apiGroup}/v1alpha1`)
    throw broken(expected);
  return value;
}

function parseCredentials(value: unknown): ImagePullCredentials {
  if (!isRecord(value)) throw broken(kind);
  const { nodePodsAccessible = false, kubernetesSecrets = [], kubernetesServiceAccounts = [] } = value;
  if (typeof nodePodsAccessible !== "boolean") throw broken(kind);
  if (!isListOf(kubernetesSecrets, isPullSecret) || !isListOf(kubernetesServiceAccounts, isObjectName))
    throw broken(kind);
  return { nodePodsAccessible, kubernetesSecrets, kubernetesServiceAccounts };
}

function isPullSecret(value: unknown): value is ImagePullSecret {
  return isObjectName(value) && "credentialHash" in value && typeof value.credentialHash === "string";
}

function isObjectName(value: unknown): value is ImagePullServiceAccount {
  return isRecord(value) && ["uid", "namespace", "name"].every((field) => typeof value[field] === "string");
}

function isListOf<T>(value: unknown, isEntry: (entry: unknown) => entry is T): value is readonly T[] {
  return Array.isArray(value) && value.every(isEntry);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function broken(expected: string, cause?: unknown): KubeletError {
  return new KubeletError("RecordInvalid", `it is no ${expected} of ${apiGroup}/v1beta1 or v1alpha1`, { cause });
}
