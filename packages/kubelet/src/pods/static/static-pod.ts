import { createHash } from "node:crypto";
import { configHashAnnotation, configSourceAnnotation, type Pod, type PodSpec } from "@wherry/kubernetes";

export const configSeenAnnotation = "kubernetes.io/config.seen";

/** Where a manifest was found. */
export interface ManifestOrigin {
  readonly nodeName: string;
  readonly source: "file" | "http";
  /** Path or URL. */
  readonly location: string;
  readonly nowMs: number;
}

/**
 * The pod that a manifest stands for, as upstream's kubelet makes it: named after the node too, with the defaults that the API
 * server would set as far as a node needs them, and tolerating whatever happens to the node.
 *
 * Its UID is the manifest's own, or else follows from content, place and node, so that the same manifest is the same pod after a
 * restart and a changed one is another pod. `kubernetes.io/config.hash` always follows from the content.
 */
export function staticPod(manifest: Pod, { nodeName, source, location, nowMs }: ManifestOrigin): Pod {
  const { metadata = {}, spec = { containers: [] } } = manifest;
  const hash = createHash("sha256")
    .update(JSON.stringify([sorted(manifest), nodeName, location]))
    .digest("hex")
    .slice(0, 32);
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...(metadata.labels !== undefined && { labels: metadata.labels }),
      name: `${metadata.name}-${nodeName}`,
      namespace: metadata.namespace || "default",
      uid: metadata.uid || hash,
      annotations: {
        ...metadata.annotations,
        [configSourceAnnotation]: source,
        [configHashAnnotation]: hash,
        [configSeenAnnotation]: new Date(nowMs).toISOString(),
      },
    },
    spec: withDefaults(spec, nodeName),
    status: { phase: "Pending" },
  };
}

function withDefaults(spec: PodSpec, nodeName: string): PodSpec {
  const tolerations = (spec.tolerations ?? []).filter(
    ({ key, operator, effect }) => key || operator !== "Exists" || effect !== "NoExecute",
  );
  return {
    ...spec,
    nodeName,
    restartPolicy: spec.restartPolicy || "Always",
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? 30,
    dnsPolicy: spec.dnsPolicy || "ClusterFirst",
    enableServiceLinks: spec.enableServiceLinks ?? true,
    schedulerName: spec.schedulerName || "default-scheduler",
    tolerations: [...tolerations, { operator: "Exists", effect: "NoExecute" }],
  };
}

/** With the members of all mappings in one order, so that moving fields about changes no hash. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return entries.map(([name, item]) => [name, sorted(item)]);
}

/** The pod as it was seen before where nothing in it has changed, so that the time it was seen at stays; else as it is now. */
export function keptPod(pod: Pod, before: Pod | undefined): Pod {
  const hash = (one: Pod) => one.metadata?.annotations?.[configHashAnnotation];
  return before !== undefined && hash(pod) === hash(before) ? before : pod;
}
