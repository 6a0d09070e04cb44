import type { Pod } from "@wherry/kubernetes";

/** The pods of this node as the kubelet sees them now, with the status it last computed; for `/pods` and look-ups by name. */
export interface PodDirectory {
  list(): Pod[];
  get(namespace: string, name: string): Pod | undefined;
  getByUid(uid: string): Pod | undefined;
}
