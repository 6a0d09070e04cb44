import { createHash } from "node:crypto";
import { configHashAnnotation, configSourceAnnotation, type Pod, setPodDefaults } from "@wherry/kubernetes";

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
 * The pod that a manifest stands for, as upstream's kubelet makes it: on its node (`placedPod`), and marked by where it is from.
 *
 * Its UID is the manifest's own, or else follows from content, place and node, so that the same manifest is the same pod after a
 * restart and a changed one is another pod. `kubernetes.io/config.hash` always follows from the content.
 */
export function staticPod(manifest: Pod, { nodeName, source, location, nowMs }: ManifestOrigin): Pod {
  const hash = createHash("sha256")
    .update(JSON.stringify([sorted(manifest), nodeName, location]))
    .digest("hex")
    .slice(0, 32);
  const pod = placedPod(manifest, nodeName);
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      uid: manifest.metadata?.uid || hash,
      annotations: {
        ...pod.metadata?.annotations,
        [configSourceAnnotation]: source,
        [configHashAnnotation]: hash,
        [configSeenAnnotation]: new Date(nowMs).toISOString(),
      },
    },
    status: { phase: "Pending" },
  };
}

/** The pod of a manifest on a node: named after the node too, with the API server's defaults, tolerating whatever happens to it. */
export function placedPod(manifest: Pod, nodeName: string): Pod {
  const { name, namespace, labels, annotations } = manifest.metadata ?? {};
  const spec = structuredClone(manifest.spec ?? { containers: [] });
  const tolerations = (spec.tolerations ?? []).filter(
    ({ key, operator, effect, value }) => key || value || operator !== "Exists" || effect !== "NoExecute",
  );
  const pod: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...(labels !== undefined && { labels }),
      ...(annotations !== undefined && { annotations }),
      name: `${name}-${nodeName}`,
      namespace: namespace || "default",
    },
    spec: { ...spec, nodeName, tolerations: [...tolerations, { operator: "Exists", effect: "NoExecute" }] },
  };
  setPodDefaults(pod);
  return pod;
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
