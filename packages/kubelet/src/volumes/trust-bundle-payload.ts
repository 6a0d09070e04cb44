import type { ClusterTrustBundleProjection, Pod } from "@wherry/kubernetes";
import { trustBundleSelection } from "../objects/trust-bundles.ts";
import type { ObjectCache } from "../ports/object-cache.ts";
import type { Payload } from "./atomic-writer.ts";
import { projectedFile } from "./projected-file.ts";
import { VolumeFault } from "./volume-fault.ts";

export interface TrustBundleRequest {
  readonly pod: Pod;
  readonly projection: ClusterTrustBundleProjection;
  readonly defaultMode: number;
  readonly objects: Pick<ObjectCache, "trustAnchors">;
  readonly signal: AbortSignal | undefined;
}

/**
 * One file with the certificates of all selected bundles (KEP-3257), each once. Their order stays the same while the bundles do;
 * upstream draws one at random, so that nobody relies on it.
 *
 * @throws VolumeFault when nothing is selected and the projection is not optional, else the file is empty
 */
export async function trustBundlePayload(request: TrustBundleRequest): Promise<Payload> {
  const { pod, projection, defaultMode, objects, signal } = request;
  const { name, signerName, optional = false, path } = projection;
  if (!name && !signerName)
    throw new VolumeFault("InvalidVolume", "clusterTrustBundle has neither name nor signerName, one is needed");
  const selection = trustBundleSelection(projection);
  const anchors = selection && (await objects.trustAnchors(selection, { signal }));
  if (anchors?.problem !== undefined) throw new VolumeFault("Unsupported", anchors.problem, { retryable: true });
  if (anchors === undefined && !optional) throw new VolumeFault("MissingReference", missing(projection));
  return new Map([[path, projectedFile(pod, anchors?.pem ?? "", defaultMode)]]);
}

function missing({ name, signerName, labelSelector }: ClusterTrustBundleProjection): string {
  if (name) return `clustertrustbundle.certificates.k8s.io "${name}" not found`;
  const selector = labelSelector === undefined ? "that is not set, which selects none" : JSON.stringify(labelSelector);
  return `combination of signerName "${signerName}" and labelSelector ${selector} matched zero ClusterTrustBundles`;
}
