import { createPublicKey, X509Certificate } from "node:crypto";
import type { PodCertificateRequestStatus } from "@wherry/kubernetes";
import { KubeletError } from "../errors.ts";
import { certificatesIn, pemOf } from "../objects/pem-certificates.ts";

/** What a signer made of a request. */
export type RequestOutcome =
  | { readonly kind: "issued"; readonly certificate: IssuedCertificate }
  /** For good: upstream does not ask again either. */
  | {
      readonly kind: "refused";
      readonly verdict: "Denied" | "Failed";
      readonly reason: string;
      readonly message: string;
    };

export interface IssuedCertificate {
  readonly privateKey: string;
  /** The certificate and what leads from it to its authority, PEM blocks with nothing between them. */
  readonly chain: string;
  readonly beginRefreshAtMs: number;
  readonly notAfterMs: number;
}

const maxChainLength = 2 ** 18;

/**
 * Reads how a request ended; undefined while it has not.
 *
 * @throws KubeletError `CertificateInvalid` for an issued certificate that is of no use
 */
export function outcomeOf(
  status: PodCertificateRequestStatus | undefined,
  privateKey: string,
): RequestOutcome | undefined {
  for (const { type, reason, message } of status?.conditions ?? []) {
    if (type === "Denied" || type === "Failed") return { kind: "refused", verdict: type, reason, message };
    if (type === "Issued") return { kind: "issued", certificate: issuedCertificate(status ?? {}, privateKey) };
  }
  return undefined;
}

function issuedCertificate(status: PodCertificateRequestStatus, privateKey: string): IssuedCertificate {
  const { certificateChain = "", beginRefreshAt, notAfter } = status;
  const refuse = (problem: string): Error => new KubeletError("CertificateInvalid", `issued certificate ${problem}`);
  if (certificateChain.length > maxChainLength)
    throw refuse(`has a chain of ${certificateChain.length} characters, at most ${maxChainLength} are taken`);
  const certificates = certificatesIn(certificateChain);
  const [leaf] = certificates;
  if (leaf === undefined) throw refuse("has an empty chain");
  const beginRefreshAtMs = Date.parse(beginRefreshAt ?? "");
  const notAfterMs = Date.parse(notAfter ?? "");
  if (Number.isNaN(beginRefreshAtMs) || Number.isNaN(notAfterMs))
    throw refuse(`has beginRefreshAt "${beginRefreshAt ?? ""}" and notAfter "${notAfter ?? ""}", expected two times`);
  if (!isOfKey(leaf, privateKey)) throw refuse("is not of the requested key");
  return { privateKey, chain: pemOf(certificates), beginRefreshAtMs, notAfterMs };
}

function isOfKey(certificate: string, privateKey: string): boolean {
  try {
    // Not `checkPrivateKey`: a mismatch may leave an error in OpenSSL's queue, at which the next TLS connection fails.
    const [its, ours] = [new X509Certificate(pemOf([certificate])).publicKey, createPublicKey(privateKey)].map((key) =>
      key.export({ type: "spki", format: "der" }),
    );
    return its !== undefined && ours !== undefined && its.equals(ours);
  } catch {
    return false;
  }
}
