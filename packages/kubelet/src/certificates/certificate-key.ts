import type { webcrypto } from "node:crypto";
import { KubeletError } from "../errors.ts";

type KeyAlgorithm = (webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams | webcrypto.Algorithm) & {
  readonly hash?: string;
};

const rsa = (modulusLength: number): KeyAlgorithm => ({
  name: "RSASSA-PKCS1-v1_5",
  modulusLength,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: "SHA-256",
});
const ecdsa = (namedCurve: string, hash: string): KeyAlgorithm => ({ name: "ECDSA", namedCurve, hash });

const algorithms: ReadonlyMap<string, KeyAlgorithm> = new Map([
  ["RSA3072", rsa(3072)],
  ["RSA4096", rsa(4096)],
  ["ECDSAP256", ecdsa("P-256", "SHA-256")],
  ["ECDSAP384", ecdsa("P-384", "SHA-384")],
  ["ECDSAP521", ecdsa("P-521", "SHA-512")],
  ["ED25519", { name: "Ed25519" }],
]);

/** A new key, and a request that proves its possession. */
export interface CertificateKey {
  /** PKCS #8, as PEM. */
  readonly privateKey: string;
  /** A PKCS #10 request, DER in base64, that says nothing but the public key. */
  readonly request: string;
}

/**
 * Makes a key of a `keyType` of pod certificates (KEP-4317).
 *
 * @throws KubeletError `Unsupported` for another type
 */
export async function createCertificateKey(keyType: string): Promise<CertificateKey> {
  const algorithm = algorithms.get(keyType);
  if (algorithm === undefined)
    throw new KubeletError(
      "Unsupported",
      `keyType is "${keyType}", supported are ${[...algorithms.keys()].join(", ")}`,
    );
  // Heavy to load, and few nodes have pods with certificates.
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  const { subtle } = globalThis.crypto;
  const keys = (await subtle.generateKey(algorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm: algorithm }, crypto);
  const pkcs8 = await subtle.exportKey("pkcs8", keys.privateKey);
  return {
    privateKey: `${x509.PemConverter.encode(pkcs8, "PRIVATE KEY")}\n`,
    request: Buffer.from(request.rawData).toString("base64"),
  };
}
