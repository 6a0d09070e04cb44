import { createHash, type KeyObject, sign, verify } from "node:crypto";

const algorithm = "ES256";
const maxTokenLength = 16 * 1024;

/** Signs `claims` as a JSON Web Token (RFC 7519) with ECDSA on P-256. */
export function signJwt(claims: Readonly<Record<string, unknown>>, key: KeyObject, keyId: string): string {
  const head = encode({ alg: algorithm, kid: keyId });
  const text = `${head}.${encode(claims)}`;
  const signature = sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}

/** The claims of a token that `key` has signed; undefined for anything else. Times are left to the caller. */
export function verifyJwt(token: string, key: KeyObject): Record<string, unknown> | undefined {
  if (token.length > maxTokenLength) return undefined;
  const [head, claims, signature, ...more] = token.split(".");
  if (head === undefined || claims === undefined || signature === undefined || more.length > 0) return undefined;
  if (decode(head)?.["alg"] !== algorithm) return undefined;
  const bytes = Buffer.from(signature, "base64url");
  const text = Buffer.from(`${head}.${claims}`);
  return verify("sha256", text, { key, dsaEncoding: "ieee-p1363" }, bytes) ? decode(claims) : undefined;
}

/** Identifies a public key, as RFC 7638 does. */
export function keyIdOf(publicKey: KeyObject): string {
  const { crv, kty, x, y } = publicKey.export({ format: "jwk" });
  return createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
