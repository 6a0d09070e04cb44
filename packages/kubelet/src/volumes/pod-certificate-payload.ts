import type { PodCertificateSource, PodCertificates } from "../certificates/pod-certificates.ts";
import type { Payload, PayloadFile } from "./atomic-writer.ts";
import { projectedFile } from "./projected-file.ts";
import { VolumeFault } from "./volume-fault.ts";

/**
 * A pod's own key and certificate chain (KEP-4317): in one file, the key first, or in two.
 *
 * @throws VolumeFault for a projection without a path, otherwise what `PodCertificates` throws
 */
export async function podCertificatePayload(
  certificates: PodCertificates,
  source: PodCertificateSource,
  defaultMode: number,
): Promise<Payload> {
  const { credentialBundlePath, keyPath, certificateChainPath } = source.projection;
  if (!credentialBundlePath && !keyPath && !certificateChainPath)
    throw new VolumeFault(
      "InvalidVolume",
      "podCertificate has neither credentialBundlePath, keyPath nor certificateChainPath, one is needed",
    );
  const { privateKey, chain } = await certificates.certificate(source);
  const payload = new Map<string, PayloadFile>();
  const add = (path: string | undefined, text: string): void => {
    if (path) payload.set(path, projectedFile(source.pod, text, defaultMode));
  };
  add(credentialBundlePath, privateKey + chain);
  add(keyPath, privateKey);
  add(certificateChainPath, chain);
  return payload;
}
