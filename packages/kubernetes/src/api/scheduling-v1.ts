// Written by scripts/generate-api-types.ts; do not edit.
import type { ListMeta, ObjectMeta } from "./meta-v1.ts";

export interface PriorityClass {
  apiVersion?: "scheduling.k8s.io/v1";
  description?: string | undefined;
  globalDefault?: boolean | undefined;
  kind?: "PriorityClass";
  metadata?: ObjectMeta | undefined;
  preemptionPolicy?: string | undefined;
  value?: number | undefined;
}

export interface PriorityClassList {
  apiVersion?: "scheduling.k8s.io/v1";
  items: PriorityClass[];
  kind?: "PriorityClassList";
  metadata?: ListMeta | undefined;
}
