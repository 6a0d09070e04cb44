import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { errorCode } from "@wherry/base";
import { RegistryError } from "./registry-error.ts";

const digestPattern = /^sha256:([0-9a-f]{64})$/;
const uploadPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Largest blob that is taken. */
const maxBlobBytes = 16 * 1024 ** 3;

/**
 * Blobs as files named by their digest, and uploads on their way to become some.
 *
 * A blob appears by rename, after its bytes have been checked and flushed, so a crash leaves whole blobs only.
 */
export class BlobFiles {
  readonly #blobs: string;
  readonly #uploads: string;
  readonly #busy: Set<string> = new Set();

  private constructor(directory: string) {
    this.#blobs = join(directory, "blobs");
    this.#uploads = join(directory, "uploads");
  }

  /** Opens the directory; uploads of an earlier life are dropped, their clients start again. */
  static async open(directory: string): Promise<BlobFiles> {
    const files = new BlobFiles(directory);
    await mkdir(files.#blobs, { recursive: true, mode: 0o700 });
    await rm(files.#uploads, { recursive: true, force: true });
    await mkdir(files.#uploads, { recursive: true, mode: 0o700 });
    return files;
  }

  /** Size of the blob, undefined when there is none. */
  async size(digest: string): Promise<number | undefined> {
    try {
      return (await stat(this.#path(digest))).size;
    } catch (error) {
      if (errorCode(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Bytes `start` to `end` (inclusive) of a blob. */
  read(digest: string, range?: { readonly start: number; readonly end: number }): Readable {
    return createReadStream(this.#path(digest), range);
  }

  async delete(digest: string): Promise<void> {
    await rm(this.#path(digest), { force: true });
  }

  /** All digests. */
  async list(): Promise<string[]> {
    return (await readdir(this.#blobs)).map((name) => `sha256:${name}`);
  }

  /** Puts bytes that are at hand. */
  async put(digest: string, bytes: Uint8Array): Promise<void> {
    const upload = await this.startUpload();
    await this.append(upload, [bytes]);
    await this.finishUpload(upload, digest);
  }

  async startUpload(): Promise<string> {
    const id = randomUUID();
    await (await open(join(this.#uploads, id), "wx", 0o600)).close();
    return id;
  }

  /** Bytes an upload has so far. */
  async uploadSize(id: string): Promise<number> {
    try {
      return (await stat(this.#upload(id))).size;
    } catch (error) {
      if (errorCode(error) === "ENOENT") throw unknownUpload(id);
      throw error;
    }
  }

  /** Appends to an upload and gives its new size; one call at a time for each upload. */
  async append(id: string, content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<number> {
    let size = await this.uploadSize(id);
    if (this.#busy.has(id)) throw new RegistryError(409, "BLOB_UPLOAD_INVALID", `upload ${id} is being written to`);
    this.#busy.add(id);
    const before = size;
    const count = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of content) {
        size += chunk.length;
        if (size > maxBlobBytes)
          throw new RegistryError(413, "SIZE_INVALID", `a blob may have ${maxBlobBytes} bytes at most`);
        yield chunk;
      }
    };
    try {
      await pipeline(count, createWriteStream(this.#upload(id), { flags: "r+", start: before, flush: true }));
      return size;
    } finally {
      this.#busy.delete(id);
    }
  }

  /** Turns an upload into a blob. Rejects, and drops it, when its content has another digest. */
  async finishUpload(id: string, digest: string): Promise<void> {
    const path = this.#upload(id);
    const target = this.#path(digest);
    await this.uploadSize(id);
    const hash = createHash("sha256");
    await pipeline(createReadStream(path), hash);
    const found = `sha256:${hash.digest("hex")}`;
    if (found !== digest) {
      await rm(path, { force: true });
      throw new RegistryError(400, "DIGEST_INVALID", `content has digest ${found}, not ${digest}`);
    }
    await rename(path, target);
  }

  async cancelUpload(id: string): Promise<void> {
    await this.uploadSize(id);
    await rm(this.#upload(id), { force: true });
  }

  #path(digest: string): string {
    return join(this.#blobs, digestHex(digest));
  }

  #upload(id: string): string {
    if (!uploadPattern.test(id)) throw unknownUpload(id);
    return join(this.#uploads, id);
  }
}

function unknownUpload(id: string): RegistryError {
  return new RegistryError(404, "BLOB_UPLOAD_UNKNOWN", `there is no upload ${JSON.stringify(id)}`);
}

/** Hexadecimal part of a digest; throws DIGEST_INVALID for another algorithm or form. */
export function digestHex(digest: string): string {
  const hex = digestPattern.exec(digest)?.[1];
  if (hex === undefined)
    throw new RegistryError(
      400,
      "DIGEST_INVALID",
      `digest is ${JSON.stringify(digest)}, expected sha256 and 64 hexadecimal digits`,
    );
  return hex;
}
