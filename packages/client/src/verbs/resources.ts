import type * as api from "@wherry/kubernetes";
import type { KubernetesObject } from "@wherry/kubernetes";

import type { ResourceDefinition } from "./resource-definition.ts";

/** Defines a resource, built in or custom, for use with the client's verbs. */
export function defineResource<T extends KubernetesObject>(
  definition: Omit<ResourceDefinition<T>, symbol>,
): ResourceDefinition<T> {
  return Object.freeze({ ...definition });
}

function namespaced<T extends KubernetesObject>(group: string, resource: string, kind: string): ResourceDefinition<T> {
  return defineResource({ group, version: "v1", resource, kind, namespaced: true });
}

function clustered<T extends KubernetesObject>(group: string, resource: string, kind: string): ResourceDefinition<T> {
  return defineResource({ group, version: "v1", resource, kind, namespaced: false });
}

/** Resources that Kubernetes serves at version v1 of their group. */
export interface BuiltInResources {
  readonly bindings: ResourceDefinition<api.Binding>;
  readonly configMaps: ResourceDefinition<api.ConfigMap>;
  readonly endpoints: ResourceDefinition<api.Endpoints>;
  /** Events of the core group. */
  readonly events: ResourceDefinition<api.Event>;
  readonly limitRanges: ResourceDefinition<api.LimitRange>;
  readonly namespaces: ResourceDefinition<api.Namespace>;
  readonly nodes: ResourceDefinition<api.Node>;
  readonly persistentVolumeClaims: ResourceDefinition<api.PersistentVolumeClaim>;
  readonly persistentVolumes: ResourceDefinition<api.PersistentVolume>;
  readonly pods: ResourceDefinition<api.Pod>;
  readonly replicationControllers: ResourceDefinition<api.ReplicationController>;
  readonly resourceQuotas: ResourceDefinition<api.ResourceQuota>;
  readonly secrets: ResourceDefinition<api.Secret>;
  readonly serviceAccounts: ResourceDefinition<api.ServiceAccount>;
  readonly services: ResourceDefinition<api.Service>;
  readonly daemonSets: ResourceDefinition<api.DaemonSet>;
  readonly deployments: ResourceDefinition<api.Deployment>;
  readonly replicaSets: ResourceDefinition<api.ReplicaSet>;
  readonly statefulSets: ResourceDefinition<api.StatefulSet>;
  readonly cronJobs: ResourceDefinition<api.CronJob>;
  readonly jobs: ResourceDefinition<api.Job>;
  readonly horizontalPodAutoscalers: ResourceDefinition<KubernetesObject>;
  readonly leases: ResourceDefinition<api.Lease>;
  readonly endpointSlices: ResourceDefinition<api.EndpointSlice>;
  /** Events of the events.k8s.io group; the same objects as {@link BuiltInResources.events}. */
  readonly eventsV1: ResourceDefinition<api.EventsV1Event>;
  readonly runtimeClasses: ResourceDefinition<api.RuntimeClass>;
  readonly podDisruptionBudgets: ResourceDefinition<api.PodDisruptionBudget>;
  readonly clusterRoleBindings: ResourceDefinition<api.ClusterRoleBinding>;
  readonly clusterRoles: ResourceDefinition<api.ClusterRole>;
  readonly roleBindings: ResourceDefinition<api.RoleBinding>;
  readonly roles: ResourceDefinition<api.Role>;
  readonly priorityClasses: ResourceDefinition<api.PriorityClass>;
  readonly csiDrivers: ResourceDefinition<api.CSIDriver>;
  readonly csiNodes: ResourceDefinition<api.CSINode>;
  readonly csiStorageCapacities: ResourceDefinition<api.CSIStorageCapacity>;
  readonly storageClasses: ResourceDefinition<api.StorageClass>;
  readonly volumeAttachments: ResourceDefinition<api.VolumeAttachment>;
  readonly selfSubjectReviews: ResourceDefinition<api.SelfSubjectReview>;
  readonly tokenReviews: ResourceDefinition<api.TokenReview>;
  readonly localSubjectAccessReviews: ResourceDefinition<api.LocalSubjectAccessReview>;
  readonly selfSubjectAccessReviews: ResourceDefinition<api.SelfSubjectAccessReview>;
  readonly selfSubjectRulesReviews: ResourceDefinition<api.SelfSubjectRulesReview>;
  readonly subjectAccessReviews: ResourceDefinition<api.SubjectAccessReview>;
  readonly certificateSigningRequests: ResourceDefinition<api.CertificateSigningRequest>;
  readonly customResourceDefinitions: ResourceDefinition<api.CustomResourceDefinition>;
}

/** The built-in resources, for the verbs of a client: `client.get(resources.pods, name, { namespace })`. */
export const resources: BuiltInResources = {
  bindings: namespaced("", "bindings", "Binding"),
  configMaps: namespaced("", "configmaps", "ConfigMap"),
  endpoints: namespaced("", "endpoints", "Endpoints"),
  events: namespaced("", "events", "Event"),
  limitRanges: namespaced("", "limitranges", "LimitRange"),
  namespaces: clustered("", "namespaces", "Namespace"),
  nodes: clustered("", "nodes", "Node"),
  persistentVolumeClaims: namespaced("", "persistentvolumeclaims", "PersistentVolumeClaim"),
  persistentVolumes: clustered("", "persistentvolumes", "PersistentVolume"),
  pods: namespaced("", "pods", "Pod"),
  replicationControllers: namespaced("", "replicationcontrollers", "ReplicationController"),
  resourceQuotas: namespaced("", "resourcequotas", "ResourceQuota"),
  secrets: namespaced("", "secrets", "Secret"),
  serviceAccounts: namespaced("", "serviceaccounts", "ServiceAccount"),
  services: namespaced("", "services", "Service"),
  daemonSets: namespaced("apps", "daemonsets", "DaemonSet"),
  deployments: namespaced("apps", "deployments", "Deployment"),
  replicaSets: namespaced("apps", "replicasets", "ReplicaSet"),
  statefulSets: namespaced("apps", "statefulsets", "StatefulSet"),
  cronJobs: namespaced("batch", "cronjobs", "CronJob"),
  jobs: namespaced("batch", "jobs", "Job"),
  horizontalPodAutoscalers: defineResource({
    group: "autoscaling",
    version: "v2",
    resource: "horizontalpodautoscalers",
    kind: "HorizontalPodAutoscaler",
    namespaced: true,
  }),
  leases: namespaced("coordination.k8s.io", "leases", "Lease"),
  endpointSlices: namespaced("discovery.k8s.io", "endpointslices", "EndpointSlice"),
  eventsV1: namespaced("events.k8s.io", "events", "Event"),
  runtimeClasses: clustered("node.k8s.io", "runtimeclasses", "RuntimeClass"),
  podDisruptionBudgets: namespaced("policy", "poddisruptionbudgets", "PodDisruptionBudget"),
  clusterRoleBindings: clustered("rbac.authorization.k8s.io", "clusterrolebindings", "ClusterRoleBinding"),
  clusterRoles: clustered("rbac.authorization.k8s.io", "clusterroles", "ClusterRole"),
  roleBindings: namespaced("rbac.authorization.k8s.io", "rolebindings", "RoleBinding"),
  roles: namespaced("rbac.authorization.k8s.io", "roles", "Role"),
  priorityClasses: clustered("scheduling.k8s.io", "priorityclasses", "PriorityClass"),
  csiDrivers: clustered("storage.k8s.io", "csidrivers", "CSIDriver"),
  csiNodes: clustered("storage.k8s.io", "csinodes", "CSINode"),
  csiStorageCapacities: namespaced("storage.k8s.io", "csistoragecapacities", "CSIStorageCapacity"),
  storageClasses: clustered("storage.k8s.io", "storageclasses", "StorageClass"),
  volumeAttachments: clustered("storage.k8s.io", "volumeattachments", "VolumeAttachment"),
  selfSubjectReviews: clustered("authentication.k8s.io", "selfsubjectreviews", "SelfSubjectReview"),
  tokenReviews: clustered("authentication.k8s.io", "tokenreviews", "TokenReview"),
  localSubjectAccessReviews: namespaced(
    "authorization.k8s.io",
    "localsubjectaccessreviews",
    "LocalSubjectAccessReview",
  ),
  selfSubjectAccessReviews: clustered("authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview"),
  selfSubjectRulesReviews: clustered("authorization.k8s.io", "selfsubjectrulesreviews", "SelfSubjectRulesReview"),
  subjectAccessReviews: clustered("authorization.k8s.io", "subjectaccessreviews", "SubjectAccessReview"),
  certificateSigningRequests: clustered(
    "certificates.k8s.io",
    "certificatesigningrequests",
    "CertificateSigningRequest",
  ),
  customResourceDefinitions: clustered("apiextensions.k8s.io", "customresourcedefinitions", "CustomResourceDefinition"),
};
