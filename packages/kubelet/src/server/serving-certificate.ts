import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { errorCode, errorMessage } from "@wherry/base";
import { KubeletError } from "../errors.ts";

const dayMs = 86_400_000;
const validDays = 365;
// A self-signed certificate is replaced at a start this long before its end.
const renewBeforeMs = 30 * dayMs;

/** A certificate chain and its key, as PEM. */
export interface ServingCertificate {
  readonly certificate: string;
  readonly privateKey: string;
}

export interface SelfSignedCertificateOptions {
  /** `--cert-dir`; holds `kubelet.crt` and `kubelet.key`. */
  readonly directory: string;
  readonly nodeName: string;
  /** Addresses the API server may dial. */
  readonly addresses: readonly string[];
  readonly nowMs: number;
}

/**
 * Reads the serving certificate of `tlsCertFile` and `tlsPrivateKeyFile`.
 *
 * Rejects with `KubeletError` of code `CertificateInvalid` for files that cannot be read or do not belong together.
 */
export async function readServingCertificate(certFile: string, keyFile: string): Promise<ServingCertificate> {
  try {
    const [certificate, privateKey] = await Promise.all([readFile(certFile, "utf8"), readFile(keyFile, "utf8")]);
    checkPair(certificate, privateKey);
    return { certificate, privateKey };
  } catch (error) {
    throw new KubeletError(
      "CertificateInvalid",
      `Cannot use the serving certificate "${certFile}" with the key "${keyFile}": ${errorMessage(error)}`,
      { cause: error },
    );
  }
}

/**
 * The self-signed serving certificate in `directory`, made when there is none, when it is about to end, or when it does not
 * cover the node's name and addresses.
 */
export async function selfSignedCertificate(options: SelfSignedCertificateOptions): Promise<ServingCertificate> {
  const certFile = join(options.directory, "kubelet.crt");
  const keyFile = join(options.directory, "kubelet.key");
  const present = await readPair(certFile, keyFile);
  if (present !== undefined && covers(present.certificate, options)) return present;
  const made = await makeSelfSigned(options);
  await mkdir(options.directory, { recursive: true, mode: 0o750 });
  await replaceFile(keyFile, made.privateKey, 0o600);
  await replaceFile(certFile, made.certificate, 0o644);
  return made;
}

async function readPair(certFile: string, keyFile: string): Promise<ServingCertificate | undefined> {
  try {
    const [certificate, privateKey] = await Promise.all([readFile(certFile, "utf8"), readFile(keyFile, "utf8")]);
    // A crash between the two writes leaves a pair that does not match.
    checkPair(certificate, privateKey);
    return { certificate, privateKey };
  } catch (error) {
    const unusable = errorCode(error) === "ENOENT" || !(error instanceof Error && "syscall" in error);
    if (unusable) return undefined;
    throw error;
  }
}

function checkPair(certificate: string, privateKey: string): void {
  if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey)))
    throw new Error("the key is not that of the certificate");
}

function covers(pem: string, { nodeName, addresses, nowMs }: SelfSignedCertificateOptions): boolean {
  const certificate = new X509Certificate(pem);
  if (Date.parse(certificate.validTo) - nowMs < renewBeforeMs || Date.parse(certificate.validFrom) > nowMs)
    return false;
  return addresses.every((address) => certificate.checkIP(address) !== undefined) && namesNode(certificate, nodeName);
}

function namesNode(certificate: X509Certificate, nodeName: string): boolean {
  return isIP(nodeName) === 0
    ? certificate.checkHost(nodeName) !== undefined
    : certificate.checkIP(nodeName) !== undefined;
}

async function makeSelfSigned(options: SelfSignedCertificateOptions): Promise<ServingCertificate> {
  // Heavy to load, and most starts find a certificate.
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const names = [...new Set([options.nodeName, ...options.addresses])];
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: `CN=${options.nodeName}@${Math.floor(options.nowMs / 1000)}`,
      // An hour back, for API servers whose clock is behind.
      notBefore: new Date(options.nowMs - 3_600_000),
      notAfter: new Date(options.nowMs + validDays * dayMs),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(
          names.map((value) => ({ type: isIP(value) === 0 ? ("dns" as const) : ("ip" as const), value })),
        ),
      ],
    },
    crypto,
  );
  const key = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    certificate: `${certificate.toString("pem")}\n`,
    privateKey: `${x509.PemConverter.encode(key, "PRIVATE KEY")}\n`,
  };
}

async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.new`;
  await writeFile(temporary, text, { mode, flush: true });
  await rename(temporary, path);
}
