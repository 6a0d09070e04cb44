import { join } from "node:path";
import { segment } from "../ports/log-paths.ts";

/** Directory of all pods below a kubelet's root directory. */
export function podsDirectory(root: string): string {
  return join(root, "pods");
}

/** Directory of one pod. @throws KubeletError for a UID that is no path segment, here and below for names */
export function podDirectory(root: string, podUid: string): string {
  return join(podsDirectory(root), segment(podUid));
}

/** Directory of a volume. @param kindDirectory such as `kubernetes.io~configmap` */
export function volumeDirectory(root: string, podUid: string, kindDirectory: string, volume: string): string {
  return join(podDirectory(root, podUid), "volumes", kindDirectory, segment(volume));
}

/** Where the copies for sub paths of one container's use of a volume are. */
export function subPathDirectory(root: string, podUid: string, volume: string, container: string): string {
  return join(podDirectory(root, podUid), "volume-subpaths", segment(volume), segment(container));
}

/** Directory of a container's own files, such as its termination messages. */
export function containerDirectory(root: string, podUid: string, container: string): string {
  return join(podDirectory(root, podUid), "containers", segment(container));
}
