import { join } from "node:path";
import { KubeletError } from "../errors.ts";

/** The identity that log and pod directories are named after. */
export interface PodIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Log directory of a pod, `<root>/<namespace>_<name>_<uid>`. @throws KubeletError for a name that is no path segment */
export function podLogDirectory(podLogsDirectory: string, pod: PodIdentity): string {
  return join(podLogsDirectory, `${segment(pod.namespace)}_${segment(pod.name)}_${segment(pod.uid)}`);
}

/** Log file of a container's instance relative to the pod's log directory, `<container>/<restartCount>.log`. */
export function containerLogPath(containerName: string, restartCount: number): string {
  return `${segment(containerName)}/${restartCount}.log`;
}

/** `text` if it can be one segment of a path. @throws KubeletError otherwise */
export function segment(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/.test(text)) return text;
  throw new KubeletError(
    "InvalidPathSegment",
    `Cannot use ${JSON.stringify(text)} in a path: expected letters, digits, ".", "_" and "-", first a letter or digit`,
  );
}
