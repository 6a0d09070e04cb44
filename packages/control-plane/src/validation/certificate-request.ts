import { createPublicKey, type KeyObject, verify } from "node:crypto";

/** Digests of signature algorithms, by the bytes of their object identifiers in hex; null where the algorithm has its own. */
const digests: ReadonlyMap<string, string | null> = new Map([
  ["2a864886f70d01010b", "sha256"],
  ["2a864886f70d01010c", "sha384"],
  ["2a864886f70d01010d", "sha512"],
  ["2a8648ce3d040302", "sha256"],
  ["2a8648ce3d040303", "sha384"],
  ["2a8648ce3d040304", "sha512"],
  ["2b6570", null],
]);
const curves: readonly string[] = ["prime256v1", "secp384r1", "secp521r1"];

export type CertificateRequest = { readonly publicKey: KeyObject } | { readonly problem: string };

/** Reads a PKCS #10 request (RFC 2986) and checks its signature and the kind of its key; `problem` is in upstream's words. */
export function readCertificateRequest(der: Buffer): CertificateRequest {
  const parsed = parse(der);
  if (parsed === undefined) return { problem: "must be a valid PKCS#10 CSR" };
  const { publicKey, digest, signed, signature } = parsed;
  if (digest === undefined || !verify(digest, signed, publicKey, signature)) return { problem: "invalid signature" };
  const { modulusLength, namedCurve } = publicKey.asymmetricKeyDetails ?? {};
  switch (publicKey.asymmetricKeyType) {
    case "rsa":
      if (modulusLength === 3072 || modulusLength === 4096) return { publicKey };
      return { problem: "RSA keys must have modulus size 3072 or 4096" };
    case "ec":
      if (namedCurve !== undefined && curves.includes(namedCurve)) return { publicKey };
      return { problem: "elliptic public keys must use curve P256, P384 or P521" };
    case "ed25519":
      return { publicKey };
    default:
      return { problem: "unknown public key type; supported types are Ed25519, ECDSA, and RSA" };
  }
}

function parse(der: Buffer) {
  try {
    const [info, algorithm, bits] = children(der, whole(der));
    if (info === undefined || algorithm === undefined || bits === undefined) return undefined;
    const [, , key] = children(der, info);
    const [identifier] = children(der, algorithm);
    if (key === undefined || identifier === undefined) return undefined;
    const bytes = ({ start, end }: Element) => der.subarray(start, end);
    return {
      publicKey: createPublicKey({ key: bytes(key), format: "der", type: "spki" }),
      digest: digests.get(der.subarray(identifier.content, identifier.end).toString("hex")),
      signed: bytes(info),
      // The first byte counts unused bits, of which there are none.
      signature: der.subarray(bits.content + 1, bits.end),
    };
  } catch {
    return undefined;
  }
}

/** Where an element of DER is: `content` is what follows its tag and length. */
interface Element {
  readonly start: number;
  readonly content: number;
  readonly end: number;
}

function whole(der: Buffer): Element {
  const element = elementAt(der, 0);
  if (element.end !== der.length) throw new RangeError("There is more than one element");
  return element;
}

function children(der: Buffer, parent: Element): Element[] {
  const found: Element[] = [];
  for (let start = parent.content; start < parent.end; start = (found.at(-1) as Element).end) {
    const element = elementAt(der, start);
    if (element.end > parent.end) throw new RangeError("An element is longer than its parent");
    found.push(element);
  }
  return found;
}

function elementAt(der: Buffer, start: number): Element {
  const first = der.readUInt8(start + 1);
  if (first < 0x80) return { start, content: start + 2, end: start + 2 + first };
  const size = first & 0x7f;
  const content = start + 2 + size;
  return { start, content, end: content + der.readUIntBE(start + 2, size) };
}
