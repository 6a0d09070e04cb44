// Written by scripts/generate-api-types.ts; do not edit.
import type { LabelSelector, ListMeta, ObjectMeta } from "./meta-v1.ts";

export interface AggregationRule {
  clusterRoleSelectors?: LabelSelector[] | undefined;
}

export interface ClusterRole {
  aggregationRule?: AggregationRule | undefined;
  apiVersion?: "rbac.authorization.k8s.io/v1";
  kind?: "ClusterRole";
  metadata?: ObjectMeta | undefined;
  rules?: PolicyRule[] | undefined;
}

export interface ClusterRoleBinding {
  apiVersion?: "rbac.authorization.k8s.io/v1";
  kind?: "ClusterRoleBinding";
  metadata?: ObjectMeta | undefined;
  roleRef: RoleRef;
  subjects?: Subject[] | undefined;
}

export interface ClusterRoleBindingList {
  apiVersion?: "rbac.authorization.k8s.io/v1";
  items: ClusterRoleBinding[];
  kind?: "ClusterRoleBindingList";
  metadata?: ListMeta | undefined;
}

export interface ClusterRoleList {
  apiVersion?: "rbac.authorization.k8s.io/v1";
  items: ClusterRole[];
  kind?: "ClusterRoleList";
  metadata?: ListMeta | undefined;
}

export interface PolicyRule {
  apiGroups?: string[] | undefined;
  nonResourceURLs?: string[] | undefined;
  resourceNames?: string[] | undefined;
  resources?: string[] | undefined;
  verbs: string[];
}

export interface Role {
  apiVersion?: "rbac.authorization.k8s.io/v1";
  kind?: "Role";
  metadata?: ObjectMeta | undefined;
  rules?: PolicyRule[] | undefined;
}

export interface RoleBinding {
  apiVersion?: "rbac.authorization.k8s.io/v1";
  kind?: "RoleBinding";
  metadata?: ObjectMeta | undefined;
  roleRef: RoleRef;
  subjects?: Subject[] | undefined;
}

export interface RoleBindingList {
  apiVersion?: "rbac.authorization.k8s.io/v1";
  items: RoleBinding[];
  kind?: "RoleBindingList";
  metadata?: ListMeta | undefined;
}

export interface RoleList {
  apiVersion?: "rbac.authorization.k8s.io/v1";
  items: Role[];
  kind?: "RoleList";
  metadata?: ListMeta | undefined;
}

export interface RoleRef {
  apiGroup?: string | undefined;
  kind: string;
  name: string;
}

export interface Subject {
  apiGroup?: string | undefined;
  kind: string;
  name: string;
  namespace?: string | undefined;
}
