// Written by scripts/generate-api-types.ts; do not edit.
import type { Toleration } from "./core-v1.ts";
import type { ListMeta, ObjectMeta } from "./meta-v1.ts";

export interface Overhead {
  podFixed?: Record<string, string> | undefined;
}

export interface RuntimeClass {
  apiVersion?: "node.k8s.io/v1";
  handler: string;
  kind?: "RuntimeClass";
  metadata?: ObjectMeta | undefined;
  overhead?: Overhead | undefined;
  scheduling?: Scheduling | undefined;
}

export interface RuntimeClassList {
  apiVersion?: "node.k8s.io/v1";
  items: RuntimeClass[];
  kind?: "RuntimeClassList";
  metadata?: ListMeta | undefined;
}

export interface Scheduling {
  nodeSelector?: Record<string, string> | undefined;
  tolerations?: Toleration[] | undefined;
}
