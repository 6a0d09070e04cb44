import { jsonEquals, type Node, type Pod, type PodCertificateRequest } from "@wherry/kubernetes";
import { forbidden } from "../errors.ts";
import type { ApiObject } from "../resources/api-object.ts";
import type { ResourceDefinition } from "../resources/resource-definition.ts";
import { referencesOf } from "./pod-references.ts";
import type { TokenRequest } from "./token-request.ts";

export type FindObject = (resource: string, key: string) => ApiObject | undefined;

const mirrorAnnotation = "kubernetes.io/config.mirror";
const restrictedPrefix = "node-restriction.kubernetes.io/";
const nodeLabels: ReadonlySet<string> = new Set([
  "kubernetes.io/hostname",
  "kubernetes.io/arch",
  "kubernetes.io/os",
  "beta.kubernetes.io/arch",
  "beta.kubernetes.io/os",
  "beta.kubernetes.io/instance-type",
  "node.kubernetes.io/instance-type",
  "failure-domain.beta.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region",
  "topology.kubernetes.io/zone",
  "topology.kubernetes.io/region",
]);

/**
 * Looks at what a node wants to write, as upstream's NodeRestriction admission does; throws a 403 ApiError.
 *
 * @param find answers another object by its resource and its `namespace/name` or name
 */
export function restrictNode(
  nodeName: string,
  definition: ResourceDefinition,
  object: ApiObject,
  old: ApiObject | undefined,
  subresource: string,
  find: FindObject,
): void {
  const name = object.metadata.name ?? "";
  const refuse = (message: string): Error => forbidden(definition, name, message);
  if (definition.resource === "nodes")
    restrictNodeObject(nodeName, object as Node, old as Node | undefined, subresource, refuse);
  else if (definition.resource === "pods" && old === undefined)
    restrictMirrorPod(nodeName, find("nodes", nodeName)?.metadata.uid, object as Pod, refuse);
  else if (definition.resource === "podcertificaterequests" && old === undefined)
    restrictCertificateRequest(nodeName, object as unknown as PodCertificateRequest, find, refuse);
  else if (definition.resource === "leases" && name !== nodeName) {
    throw refuse(`node "${nodeName}" can only create a lease with its own name`);
  }
}

function restrictNodeObject(
  nodeName: string,
  node: Node,
  old: Node | undefined,
  subresource: string,
  refuse: (message: string) => Error,
): void {
  const name = node.metadata?.name ?? "";
  if (name !== nodeName) throw refuse(`node "${nodeName}" is not allowed to modify node "${name}"`);
  const changed = changedLabels(node.metadata?.labels ?? {}, old?.metadata?.labels ?? {}).filter(isForbiddenLabel);
  if (changed.length > 0) throw refuse(`is not allowed to modify labels: ${changed.sort().join(", ")}`);
  if (old !== undefined && subresource === "" && !jsonEquals(node.spec?.taints ?? [], old.spec?.taints ?? [])) {
    throw refuse(`node "${nodeName}" is not allowed to modify taints`);
  }
}

function changedLabels(now: Readonly<Record<string, string>>, before: Readonly<Record<string, string>>): string[] {
  return [...new Set([...Object.keys(now), ...Object.keys(before)])].filter((key) => now[key] !== before[key]);
}

/** Labels in Kubernetes' own domains that a node must not give itself. */
function isForbiddenLabel(key: string): boolean {
  if (nodeLabels.has(key)) return false;
  const domain = key.includes("/") ? (key.split("/")[0] ?? "") : "";
  if (key.includes(restrictedPrefix)) return true;
  const isOurs = (suffix: string) => domain === suffix || domain.endsWith(`.${suffix}`);
  if (!isOurs("kubernetes.io") && !isOurs("k8s.io")) return false;
  return !isOurs("kubelet.kubernetes.io") && !isOurs("node.kubernetes.io");
}

function restrictMirrorPod(
  nodeName: string,
  nodeUid: string | undefined,
  pod: Pod,
  refuse: (message: string) => Error,
): void {
  if (pod.metadata?.annotations?.[mirrorAnnotation] === undefined) {
    throw refuse(`pod does not have "${mirrorAnnotation}" annotation, node "${nodeName}" can only create mirror pods`);
  }
  if (pod.spec?.nodeName !== nodeName) {
    throw refuse(`node "${nodeName}" can only create pods with spec.nodeName set to itself`);
  }
  const [owner, ...others] = pod.metadata.ownerReferences ?? [];
  if (owner === undefined || others.length > 0)
    throw refuse(`node "${nodeName}" can only create pods with a single owner reference set to itself`);
  if (owner.apiVersion !== "v1" || owner.kind !== "Node" || owner.name !== nodeName || owner.controller !== true)
    throw refuse(`node "${nodeName}" can only create pods with a controller owner reference set to itself`);
  if (owner.blockOwnerDeletion === true)
    throw refuse(`node "${nodeName}" must not set blockOwnerDeletion on an owner reference`);
  if (owner.uid !== nodeUid)
    throw refuse(`node "${nodeName}" can only create pods with an owner reference of its own UID, not ${owner.uid}`);
  const { serviceaccounts, ...references } = referencesOf(pod);
  if (serviceaccounts.size > 0) throw refuse(`node "${nodeName}" can not create pods that reference a service account`);
  for (const [resource, names] of Object.entries(references) as [string, ReadonlySet<string>][])
    if (names.size > 0) throw refuse(`node "${nodeName}" can not create pods that reference ${resource}`);
}

/** A node asks for certificates of its own pods only, and tells the signer the truth about them. */
function restrictCertificateRequest(
  nodeName: string,
  { metadata, spec }: PodCertificateRequest,
  find: FindObject,
  refuse: (message: string) => Error,
): void {
  const key = `${metadata?.namespace}/${spec.podName}`;
  const about = `PodCertificateRequest for pod "${key}"`;
  if (spec.nodeName !== nodeName)
    throw refuse(
      `PodCertificateRequest.Spec.NodeName="${spec.nodeName}", which is not the requesting node "${nodeName}"`,
    );
  const pod = find("pods", key) as Pod | undefined;
  if (pod === undefined) throw refuse(`pod "${key}" named in the PodCertificateRequest not found`);
  if (pod.spec?.nodeName !== nodeName)
    throw refuse(`pod "${key}" is not running on node "${nodeName}" named in the PodCertificateRequest`);
  if (pod.metadata?.uid !== spec.podUID)
    throw refuse(`${about} contains pod UID ("${spec.podUID}") which differs from running pod "${pod.metadata?.uid}"`);
  if (pod.spec.serviceAccountName !== spec.serviceAccountName)
    throw refuse(
      `${about} contains serviceAccountName ("${spec.serviceAccountName}") that differs from running pod ("${pod.spec.serviceAccountName}")`,
    );
  const accountUid = find("serviceaccounts", `${metadata?.namespace}/${spec.serviceAccountName}`)?.metadata.uid;
  if (accountUid !== spec.serviceAccountUID)
    throw refuse(
      `${about} names service account UID "${spec.serviceAccountUID}", which differs from the running service account ("${accountUid}")`,
    );
  const nodeUid = find("nodes", nodeName)?.metadata.uid;
  if (nodeUid !== spec.nodeUID)
    throw refuse(`${about} names node UID "${spec.nodeUID}", inconsistent with the running node ("${nodeUid}")`);
}

/** A node asks for tokens of its own pods only. */
export function restrictTokenRequest(
  nodeName: string,
  definition: ResourceDefinition,
  account: string,
  request: TokenRequest,
  pod: Pod | undefined,
): void {
  const bound = request.spec.boundObjectRef;
  const refuse = (message: string): Error => forbidden(definition, account, message);
  if (bound?.kind !== "Pod" || !bound.name) throw refuse(`node requested token not bound to a pod`);
  if (!bound.uid) throw refuse(`node requested token with a pod binding without a uid`);
  if (pod?.spec?.nodeName !== nodeName)
    throw refuse(`node requested token bound to a pod scheduled on a different node`);
}
