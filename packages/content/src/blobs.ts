import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { abortReason, errorCode, type Logger } from "@wherry/base";
import { type Digest, digestAlgorithm, digestOf } from "@wherry/distribution";
import type { BlobInfo } from "./blob-record.ts";
import { ContentError, storageError } from "./errors.ts";
import { Ingest, type IngestTarget } from "./ingest.ts";
import { type Labels, readLabels, setLabels } from "./labels.ts";
import { addToLease } from "./leases.ts";
import type { Row } from "./metadata-database.ts";
import { SharedTasks } from "./shared-tasks.ts";
import type { StoreContext } from "./store-context.ts";
import type { WorkDirectories } from "./work-directories.ts";

export interface IngestOptions {
  readonly labels?: Labels;
  /** Lease to protect the blob with. */
  readonly lease?: string | undefined;
  /** Told of bytes that arrived, for progress. */
  readonly onProgress?: ((doneBytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ReadOptions {
  /** @default 0 */
  readonly offset?: number;
  /** @default to the end */
  readonly lengthBytes?: number;
  readonly signal?: AbortSignal | undefined;
}

const lockedPollMs = 100;
const maxAttempts = 5;

/** The blobs of a store. */
export class Blobs {
  readonly #context: StoreContext;
  readonly #directories: WorkDirectories;
  readonly #logger: Logger;
  readonly #ingests: SharedTasks<void> = new SharedTasks();
  readonly #open: Set<Ingest> = new Set();

  constructor(context: StoreContext, directories: WorkDirectories) {
    this.#context = context;
    this.#directories = directories;
    this.#logger = context.logger.child({ component: "content" });
  }

  has(digest: Digest): boolean {
    return this.#context.database.get("SELECT 1 FROM blobs WHERE digest = ?", digest) !== undefined;
  }

  info(digest: Digest): BlobInfo | undefined {
    const row = this.#context.database.get("SELECT * FROM blobs WHERE digest = ?", digest);
    return row === undefined ? undefined : readInfo(row);
  }

  list(): BlobInfo[] {
    return this.#context.database.all("SELECT * FROM blobs ORDER BY digest").map(readInfo);
  }

  labels(digest: Digest): Labels {
    return readLabels(this.#context.database, "blob", digest);
  }

  /** Sets labels of a blob, an empty value removes one; throws `ContentError` of code `NotFound` for an unknown blob. */
  async setLabels(digest: Digest, labels: Labels): Promise<void> {
    await this.#context.database.write((transaction) => {
      if (transaction.get("SELECT 1 FROM blobs WHERE digest = ?", digest) === undefined) throw notFound(digest);
      setLabels(transaction, "blob", digest, labels);
    });
  }

  /** Where a blob's file is; it must not be written to. Throws `ContentError` of code `NotFound` for an unknown blob. */
  path(digest: Digest): string {
    if (!this.has(digest)) throw notFound(digest);
    return this.#context.paths.blob(digest);
  }

  /** Streams a blob or a part of it. */
  read(digest: Digest, { offset = 0, lengthBytes, signal }: ReadOptions = {}): Readable {
    return createReadStream(this.path(digest), {
      start: offset,
      ...(lengthBytes === undefined ? {} : { end: offset + lengthBytes - 1 }),
      highWaterMark: 256 * 1024,
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /**
   * A small blob in memory, checked against its digest; throws `ContentError` of code `TooLarge` past `maxBytes`, `Corrupt`
   * when the file is not what it was.
   */
  async readAll(digest: Digest, maxBytes: number): Promise<Buffer> {
    const info = this.info(digest);
    if (info === undefined) throw notFound(digest);
    if (info.sizeBytes > maxBytes)
      throw new ContentError(
        "TooLarge",
        `Blob ${digest} has ${info.sizeBytes} bytes; at most ${maxBytes} were expected`,
      );
    const handle = await open(this.#context.paths.blob(digest)).catch((error: unknown) => {
      throw errorCode(error) === "ENOENT" ? corrupt(digest, error) : error;
    });
    try {
      const bytes = Buffer.alloc(info.sizeBytes);
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
      if (bytesRead !== bytes.length || digestOf(bytes, digestAlgorithm(digest)) !== digest) throw corrupt(digest);
      return bytes;
    } finally {
      await handle.close();
    }
  }

  /** Opens or resumes an ingest to write to; `ingest` is simpler for a whole source. */
  async openIngest(target: IngestTarget): Promise<Ingest> {
    const ingest = await Ingest.open(this.#context, this.#directories, target, (ended) => this.#open.delete(ended));
    this.#open.add(ingest);
    return ingest;
  }

  /** Closes the ingests that are open; what they wrote is kept for another time. */
  async closeIngests(): Promise<void> {
    await Promise.allSettled([...this.#open].map((ingest) => ingest.close()));
  }

  /**
   * Makes sure a blob is in the store: at once where it is, else from `open`, which is asked for the bytes from an offset on.
   *
   * Callers that want the same digest at the same time share one ingest. Content that breaks off is kept and resumed by the
   * next call, content that is wrong is thrown away. Throws what the source threw, or `ContentError`: `DigestMismatch`,
   * `SizeMismatch`, `NoSpace`.
   */
  async ingest(
    target: IngestTarget,
    source: (offset: number, signal: AbortSignal) => AsyncIterable<Uint8Array>,
    options: IngestOptions = {},
  ): Promise<void> {
    let reportedBytes = -1;
    const onProgress = (doneBytes: number) => {
      // Those who only waited for another's ingest hear of its end, the others not twice.
      if (doneBytes !== reportedBytes) options.onProgress?.(doneBytes);
      reportedBytes = doneBytes;
    };
    for (let attempt = 1; ; attempt++) {
      if (await this.retain(target.digest, options)) return onProgress(target.sizeBytes);
      if (attempt > maxAttempts)
        throw new ContentError("Locked", `Blob ${target.digest} is removed as often as it is stored`, {
          retryable: true,
        });
      const work = (signal: AbortSignal) => this.#ingest(target, source, { ...options, onProgress }, signal);
      await this.#ingests.run(target.digest, work, options.signal);
    }
  }

  /** Stores bytes in memory; answers their digest. @param digest what they must have, SHA-256 by default */
  async put(bytes: Uint8Array, options: IngestOptions = {}, digest: Digest = digestOf(bytes)): Promise<Digest> {
    const target = { digest, sizeBytes: bytes.length };
    await this.ingest(target, (offset) => onceFrom(bytes.subarray(offset)), options);
    return digest;
  }

  /** Adds a present blob to a lease and sets labels; false when it is not present. */
  async retain(digest: Digest, { labels = {}, lease }: Pick<IngestOptions, "labels" | "lease">): Promise<boolean> {
    if (!this.has(digest)) return false;
    if (lease === undefined && Object.keys(labels).length === 0) return true;
    return this.#context.database.write((transaction) => {
      if (transaction.get("SELECT 1 FROM blobs WHERE digest = ?", digest) === undefined) return false;
      setLabels(transaction, "blob", digest, labels);
      if (lease !== undefined) addToLease(transaction, lease, { kind: "blob", key: digest });
      return true;
    });
  }

  async #ingest(
    target: IngestTarget,
    source: (offset: number, signal: AbortSignal) => AsyncIterable<Uint8Array>,
    options: IngestOptions,
    signal: AbortSignal,
  ): Promise<void> {
    const ingest = await this.#openWhenFree(target, signal);
    if (ingest === undefined) return;
    try {
      const resumed = ingest.offset > 0;
      await fill(ingest, source, options, signal);
      try {
        await ingest.commit(options);
      } catch (error) {
        // What an earlier run left may be damaged; what arrived now is then fetched from its beginning.
        if (!resumed || !(error instanceof ContentError) || error.code !== "DigestMismatch") throw error;
        this.#logger.warn("Resumed content was damaged and is fetched again", { digest: target.digest });
        await ingest.restart();
        await fill(ingest, source, options, signal);
        await ingest.commit(options);
      }
    } catch (error) {
      if (isHopeless(error)) await ingest.abort().catch(() => undefined);
      else await ingest.close().catch(() => undefined);
      throw storageError(error, `Cannot store ${target.digest}`);
    }
  }

  /** Waits while another process ingests the same digest; undefined when the blob came in that way. */
  async #openWhenFree(target: IngestTarget, signal: AbortSignal): Promise<Ingest | undefined> {
    for (;;) {
      try {
        return await this.openIngest(target);
      } catch (error) {
        if (!(error instanceof ContentError) || error.code !== "Locked") throw error;
      }
      await this.#context.clock.sleep(lockedPollMs, signal);
      if (this.has(target.digest)) return undefined;
    }
  }
}

async function fill(
  ingest: Ingest,
  source: (offset: number, signal: AbortSignal) => AsyncIterable<Uint8Array>,
  { onProgress }: IngestOptions,
  signal: AbortSignal,
): Promise<void> {
  if (ingest.offset === ingest.target.sizeBytes) return;
  onProgress?.(ingest.offset);
  for await (const chunk of source(ingest.offset, signal)) {
    if (signal.aborted) throw abortReason(signal);
    await ingest.write(chunk);
    onProgress?.(ingest.offset);
  }
}

async function* onceFrom(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  if (bytes.length > 0) yield bytes;
}

/** Whether going on later makes no sense: the content is wrong, or its space is needed. */
function isHopeless(error: unknown): boolean {
  if (!(error instanceof ContentError)) return false;
  return error.code === "DigestMismatch" || error.code === "SizeMismatch" || error.code === "NoSpace";
}

function readInfo(row: Row): BlobInfo {
  return {
    digest: String(row["digest"]) as Digest,
    sizeBytes: Number(row["size_bytes"]),
    createdAtMs: Number(row["created_at_ms"]),
  };
}

function notFound(digest: Digest): ContentError {
  return new ContentError("NotFound", `Blob ${digest} is not in the content store`);
}

function corrupt(digest: Digest, cause?: unknown): ContentError {
  return new ContentError(
    "Corrupt",
    `Blob ${digest} in the content store is damaged; remove the image and pull it again`,
    {
      cause,
    },
  );
}
