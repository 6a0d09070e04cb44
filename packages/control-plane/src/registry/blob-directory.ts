import { createHash, type Hash, randomUUID } from "node:crypto";
import { createReadStream, mkdirSync, type ReadStream, readdirSync, rmSync, statSync } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "@wherry/base";
import { RegistryError } from "./registry-error.ts";

const digestPattern = /^sha256:([0-9a-f]{64})$/;
const maxUploads = 1000;

/** A blob that is coming in: a file that grows, and the digest of what is in it so far. */
export interface Upload {
  readonly id: string;
  readonly sizeBytes: number;
}

interface OpenUpload {
  readonly id: string;
  readonly path: string;
  readonly file: FileHandle;
  readonly hash: Hash;
  sizeBytes: number;
  isBusy: boolean;
}

/** The hexadecimal part of a sha256 digest; throws RegistryError DIGEST_INVALID. */
export function digestHex(digest: string): string {
  const hex = digestPattern.exec(digest)?.[1];
  if (hex === undefined)
    throw new RegistryError(400, "DIGEST_INVALID", `"${digest.slice(0, 200)}" is not a sha256 digest`);
  return hex;
}

/** Blobs by digest in one directory; a blob appears whole and verified, or not at all. */
export class BlobDirectory {
  readonly #blobs: string;
  readonly #incoming: string;
  readonly #uploads: Map<string, OpenUpload> = new Map();

  /** Uploads that an earlier process left behind are removed: their digests died with it. */
  constructor(root: string) {
    this.#blobs = join(root, "blobs", "sha256");
    this.#incoming = join(root, "incoming");
    mkdirSync(this.#blobs, { recursive: true, mode: 0o700 });
    mkdirSync(this.#incoming, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(this.#incoming)) rmSync(join(this.#incoming, name), { force: true });
  }

  /** Size of a blob, or undefined. */
  sizeOf(digest: string): number | undefined {
    try {
      return statSync(this.#path(digest)).size;
    } catch (error) {
      if (errorCode(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Reads a blob from `start` to `end`, both included. */
  read(digest: string, start: number, end: number): ReadStream {
    return createReadStream(this.#path(digest), { start, end });
  }

  /** Removes a blob; false when there was none. */
  async remove(digest: string): Promise<boolean> {
    try {
      await rm(this.#path(digest));
      return true;
    } catch (error) {
      if (errorCode(error) === "ENOENT") return false;
      throw error;
    }
  }

  async begin(): Promise<Upload> {
    if (this.#uploads.size >= maxUploads) {
      throw new RegistryError(429, "TOOMANYREQUESTS", `more than ${maxUploads} uploads are open`);
    }
    const id = randomUUID();
    const path = join(this.#incoming, id);
    const file = await open(path, "wx", 0o600);
    const upload: OpenUpload = { id, path, file, hash: createHash("sha256"), sizeBytes: 0, isBusy: false };
    this.#uploads.set(id, upload);
    return upload;
  }

  find(id: string): Upload {
    return this.#upload(id);
  }

  /** Adds the bytes of `source`, which must go on where the upload ends. */
  async append(id: string, source: AsyncIterable<Buffer>): Promise<Upload> {
    const upload = this.#upload(id);
    if (upload.isBusy) throw new RegistryError(409, "BLOB_UPLOAD_INVALID", `upload ${id} is being written already`);
    upload.isBusy = true;
    try {
      for await (const chunk of source) {
        await upload.file.writeFile(chunk);
        upload.hash.update(chunk);
        upload.sizeBytes += chunk.length;
      }
      return upload;
    } catch (error) {
      // What came is not known to match what the client thinks; it begins anew.
      await this.cancel(id);
      throw error;
    } finally {
      upload.isBusy = false;
    }
  }

  /** Makes the upload the blob `digest`; throws DIGEST_INVALID when it is another. */
  async commit(id: string, digest: string): Promise<void> {
    const upload = this.#upload(id);
    const hex = digestHex(digest);
    const found = upload.hash.copy().digest("hex");
    if (found !== hex) {
      await this.cancel(id);
      throw new RegistryError(400, "DIGEST_INVALID", `the content has digest sha256:${found}, not ${digest}`);
    }
    await upload.file.sync();
    await upload.file.close();
    this.#uploads.delete(id);
    await mkdir(this.#blobs, { recursive: true });
    await rename(upload.path, join(this.#blobs, hex));
  }

  async cancel(id: string): Promise<void> {
    const upload = this.#upload(id);
    this.#uploads.delete(id);
    await upload.file.close();
    await rm(upload.path, { force: true });
  }

  /** Ends all open uploads. */
  async close(): Promise<void> {
    await Promise.all([...this.#uploads.keys()].map((id) => this.cancel(id).catch(() => undefined)));
  }

  #path(digest: string): string {
    return join(this.#blobs, digestHex(digest));
  }

  #upload(id: string): OpenUpload {
    const upload = this.#uploads.get(id);
    if (upload === undefined) throw new RegistryError(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
    return upload;
  }
}
