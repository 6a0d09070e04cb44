import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Clock, errorCode } from "@wherry/base";
import { type CertificateRequestOptions, issueCertificate, type KeyedCertificate } from "./issue-certificate.ts";
import { writePrivateFile } from "./write-private-file.ts";

/** The certificates a control plane works with. */
export interface Certificates {
  readonly authority: KeyedCertificate;
  readonly authorityPath: string;
  readonly serving: KeyedCertificate;
  /** What the API server shows to kubelets. */
  readonly kubeletClient: KeyedCertificate;
}

const authorityDays = 3650;
const leafDays = 365;
const renewBeforeMs = 30 * 24 * 60 * 60 * 1000;

const servingNames: readonly string[] = [
  "localhost",
  "kubernetes",
  "kubernetes.default",
  "kubernetes.default.svc",
  "kubernetes.default.svc.cluster.local",
];

/**
 * Reads the certificates kept in `directory`, making what is missing or about to expire: an authority once, and the leaves
 * below it. Keys are readable by the owner only.
 */
export async function loadCertificates(directory: string, clock: Clock): Promise<Certificates> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const nowMs = clock.now();
  const keep = (name: string, options: Omit<CertificateRequestOptions, "nowMs">, issuer?: KeyedCertificate) =>
    loadOrIssue(directory, name, { ...options, nowMs }, issuer);
  const authority = await keep("ca", { commonName: "wherry", usage: "authority", days: authorityDays });
  const serving = await keep(
    "apiserver",
    {
      commonName: "wherry-apiserver",
      usage: "server",
      days: leafDays,
      dnsNames: servingNames,
      addresses: ["127.0.0.1", "::1"],
    },
    authority,
  );
  const kubeletClient = await keep(
    "kubelet-client",
    { commonName: "kube-apiserver-kubelet-client", organizations: ["system:masters"], usage: "client", days: leafDays },
    authority,
  );
  return { authority, authorityPath: join(directory, "ca.crt"), serving, kubeletClient };
}

async function loadOrIssue(
  directory: string,
  name: string,
  options: CertificateRequestOptions,
  issuer: KeyedCertificate | undefined,
): Promise<KeyedCertificate> {
  const certificatePath = join(directory, `${name}.crt`);
  const keyPath = join(directory, `${name}.key`);
  const kept = readPair(certificatePath, keyPath);
  if (kept !== undefined && isUsable(kept, options.nowMs, issuer)) return kept;
  const issued = await issueCertificate(options, issuer);
  // The certificate goes last: a crash in between leaves a pair that does not fit and is made anew.
  writePrivateFile(keyPath, issued.key);
  writePrivateFile(certificatePath, issued.certificate);
  return issued;
}

function readPair(certificatePath: string, keyPath: string): KeyedCertificate | undefined {
  try {
    return { certificate: readFileSync(certificatePath, "utf8"), key: readFileSync(keyPath, "utf8") };
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function isUsable(pair: KeyedCertificate, nowMs: number, issuer: KeyedCertificate | undefined): boolean {
  try {
    const certificate = new X509Certificate(pair.certificate);
    const signer = issuer === undefined ? certificate : new X509Certificate(issuer.certificate);
    return (
      Date.parse(certificate.validTo) - nowMs > renewBeforeMs &&
      certificate.checkPrivateKey(createPrivateKey(pair.key)) &&
      certificate.verify(signer.publicKey)
    );
  } catch {
    return false;
  }
}
