import "reflect-metadata";
import * as x509 from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

export interface IssuedCertificate {
  readonly certificate: string;
  readonly privateKey: string;
}

/** A certificate authority for tests. */
export interface TestAuthority {
  readonly certificate: string;
  /** A client certificate of `commonName` in `organizations`. */
  issueClient(commonName: string, organizations: readonly string[]): Promise<IssuedCertificate>;
}

export async function createTestAuthority(): Promise<TestAuthority> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const now = Date.now();
  const dates = { notBefore: new Date(now - 60_000), notAfter: new Date(now + 3_600_000) };
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=test-ca",
    ...dates,
    signingAlgorithm: algorithm,
    keys,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  return {
    certificate: root.toString("pem"),
    async issueClient(commonName, organizations) {
      const own = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
      const certificate = await x509.X509CertificateGenerator.create({
        subject: [{ CN: [commonName] }, ...organizations.map((name) => ({ O: [name] }))],
        issuer: root.subject,
        ...dates,
        signingAlgorithm: algorithm,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        extensions: [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])],
      });
      const key = await crypto.subtle.exportKey("pkcs8", own.privateKey);
      return { certificate: certificate.toString("pem"), privateKey: x509.PemConverter.encode(key, "PRIVATE KEY") };
    },
  };
}
