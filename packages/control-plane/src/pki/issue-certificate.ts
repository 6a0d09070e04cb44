import { randomBytes } from "node:crypto";

/** A certificate and its private key, both PEM. */
export interface KeyedCertificate {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateRequestOptions {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly addresses?: readonly string[];
  readonly usage: "authority" | "server" | "client";
  readonly days: number;
  /** Wall time, milliseconds. */
  readonly nowMs: number;
}

const dayMs = 24 * 60 * 60 * 1000;
// Clocks of peers may be a little behind.
const skewMs = 5 * 60 * 1000;
const serverAuth = "1.3.6.1.5.5.7.3.1";
const clientAuth = "1.3.6.1.5.5.7.3.2";
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** Makes a P-256 key and a certificate for it, signed by `issuer` or by itself. */
export async function issueCertificate(
  options: CertificateRequestOptions,
  issuer?: KeyedCertificate,
): Promise<KeyedCertificate> {
  // Loaded here because it takes a tenth of a second and most starts issue nothing.
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  const { subtle } = globalThis.crypto;
  const keys = await subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const issuerCertificate = issuer === undefined ? undefined : new x509.X509Certificate(issuer.certificate);
  const signingKey =
    issuer === undefined
      ? keys.privateKey
      : await subtle.importKey("pkcs8", derOf(issuer.key), algorithm, false, ["sign"]);
  const subject = [
    ...(options.organizations ?? []).map((organization) => ({ O: [organization] })),
    { CN: [options.commonName] },
  ];
  const isAuthority = options.usage === "authority";
  const names = [
    ...(options.dnsNames ?? []).map((value) => ({ type: "dns" as const, value })),
    ...(options.addresses ?? []).map((value) => ({ type: "ip" as const, value })),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: `00${randomBytes(16).toString("hex")}`.slice(0, 34),
    subject,
    issuer: issuerCertificate?.subject ?? new x509.Name(subject).toString(),
    notBefore: new Date(options.nowMs - skewMs),
    notAfter: new Date(options.nowMs + options.days * dayMs),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(isAuthority, undefined, true),
      new x509.KeyUsagesExtension(
        isAuthority
          ? x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature
          : x509.KeyUsageFlags.digitalSignature,
        true,
      ),
      ...(isAuthority
        ? []
        : [new x509.ExtendedKeyUsageExtension([options.usage === "server" ? serverAuth : clientAuth])]),
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ...(issuerCertificate === undefined
        ? []
        : [await x509.AuthorityKeyIdentifierExtension.create(issuerCertificate.publicKey)]),
    ],
  });
  const pkcs8 = Buffer.from(await subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  return {
    certificate: `${certificate.toString("pem").trim()}\n`,
    key: `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/.{64}/g, "$&\n").trim()}\n-----END PRIVATE KEY-----\n`,
  };
}

function derOf(pem: string): Buffer<ArrayBuffer> {
  return Buffer.from(pem.replace(/-----[A-Z ]+-----|\s/g, ""), "base64");
}
