import type { ServiceAccountTokenProjection, VolumeProjection } from "@wherry/kubernetes";
import type { Payload, PayloadFile } from "../atomic-writer.ts";
import { downwardPayload } from "../downward-payload.ts";
import { checkedMode, configMapPayload, defaultFileMode, secretPayload } from "../object-payload.ts";
import { podCertificatePayload } from "../pod-certificate-payload.ts";
import { projectedFile } from "../projected-file.ts";
import { trustBundlePayload } from "../trust-bundle-payload.ts";
import { faultMessage, VolumeFault } from "../volume-fault.ts";
import type { PayloadVolumeKind, VolumeRequest } from "../volume-kind.ts";

type ProjectedRequest = VolumeRequest<"projected">;

/**
 * Volumes of kind `projected`: several sources in one directory, of which a later one wins over an earlier one.
 *
 * Sources are asked at the same time; a failing one fails the volume with the messages of all that fail.
 */
export const projectedKind: PayloadVolumeKind<"projected"> = {
  type: "payload",
  field: "projected",
  directoryName: "kubernetes.io~projected",
  confidential: true,
  async payload(request) {
    const defaultMode = checkedMode(request.spec.defaultMode ?? defaultFileMode);
    const sources = request.spec.sources ?? [];
    const results = await Promise.allSettled(
      sources.map((source, index) => sourcePayload(request, source, index, defaultMode)),
    );
    const merged = new Map<string, PayloadFile>();
    const failures: unknown[] = [];
    for (const result of results) {
      if (result.status === "rejected") failures.push(result.reason);
      else for (const [path, file] of result.value) merged.set(path, file);
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1)
      throw new AggregateError(failures, `[${failures.map((failure) => faultMessage(failure)).join(", ")}]`);
    return merged;
  },
};

async function sourcePayload(
  request: ProjectedRequest,
  source: VolumeProjection,
  index: number,
  defaultMode: number,
): Promise<Payload> {
  const { pod, sources, signal } = request;
  const { clusterTrustBundle, configMap, downwardAPI, podCertificate, secret, serviceAccountToken } = source;
  const common = { pod, defaultMode, objects: sources.objects, signal };
  if (configMap !== undefined)
    return configMapPayload({
      ...common,
      name: configMap.name ?? "",
      items: configMap.items,
      optional: configMap.optional ?? false,
    });
  if (secret !== undefined)
    return secretPayload({
      ...common,
      name: secret.name ?? "",
      items: secret.items,
      optional: secret.optional ?? false,
    });
  if (downwardAPI !== undefined)
    return downwardPayload(pod, downwardAPI.items ?? [], defaultMode, sources.node.allocatable);
  if (serviceAccountToken !== undefined) return tokenPayload(request, serviceAccountToken, defaultMode);
  if (clusterTrustBundle !== undefined) return trustBundlePayload({ ...common, projection: clusterTrustBundle });
  if (podCertificate !== undefined) {
    const projection = { pod, volume: request.name, index, projection: podCertificate, signal };
    return podCertificatePayload(sources.certificates, projection, defaultMode);
  }
  const [kind] = Object.keys(source);
  const problem =
    kind === undefined
      ? "is empty, as an API server leaves those of a kind that it has switched off (clusterTrustBundle, podCertificate)"
      : `is of kind "${kind}", which this node does not project`;
  throw new VolumeFault(
    "Unsupported",
    `sources[${index}] ${problem}; supported are clusterTrustBundle, configMap, downwardAPI, podCertificate, secret and serviceAccountToken`,
  );
}

async function tokenPayload(
  { pod, sources, signal }: ProjectedRequest,
  projection: ServiceAccountTokenProjection,
  defaultMode: number,
): Promise<Payload> {
  const { audience, expirationSeconds, path } = projection;
  const token = await sources.tokens.token(pod, { audience, expirationSeconds, signal });
  return new Map([[path, projectedFile(pod, token, defaultMode)]]);
}
