import { createHash, type Hash, hash } from "node:crypto";
import { DistributionError } from "./errors.ts";

export type DigestAlgorithm = "sha256" | "sha512";

/** Content address as the OCI image specification spells it: algorithm, colon, lower-case hexadecimal. */
export type Digest = `${DigestAlgorithm}:${string}`;

const pattern = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** Whether a text is a digest of SHA-256 or SHA-512. */
export function isDigest(text: string): text is Digest {
  return pattern.test(text);
}

/** Checks a digest; throws `DistributionError` of code `InvalidDigest` for anything but SHA-256 and SHA-512. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new DistributionError(
    "InvalidDigest",
    `Invalid digest ${JSON.stringify(text.slice(0, 160))}: expected "sha256:" and 64 lower-case hexadecimal digits, or "sha512:" and 128`,
  );
}

/** The algorithm that a digest names. */
export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.startsWith("sha256:") ? "sha256" : "sha512";
}

/** The hexadecimal part. */
export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1);
}

/** Digest of bytes in memory. */
export function digestOf(bytes: Uint8Array | string, algorithm: DigestAlgorithm = "sha256"): Digest {
  return `${algorithm}:${hash(algorithm, bytes, "hex")}`;
}

/** Computes a digest piece by piece. */
export class Digester {
  readonly #algorithm: DigestAlgorithm;
  readonly #hash: Hash;
  #sizeBytes = 0;

  constructor(algorithm: DigestAlgorithm = "sha256") {
    this.#algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  update(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.#sizeBytes += chunk.length;
  }

  /** The digest of everything so far; further updates remain possible. */
  digest(): Digest {
    return `${this.#algorithm}:${this.#hash.copy().digest("hex")}`;
  }
}
