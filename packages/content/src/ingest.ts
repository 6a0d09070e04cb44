import { join } from "node:path";
import { type Digest, Digester, digestAlgorithm } from "@wherry/distribution";
import { addBlob } from "./blob-record.ts";
import { ContentError, storageError } from "./errors.ts";
import type { IngestFile } from "./ingest-files.ts";
import type { Labels } from "./labels.ts";
import type { StoreContext } from "./store-context.ts";
import type { WorkDirectories, WorkDirectory } from "./work-directories.ts";

/** What a blob is to be; checked when it is committed. */
export interface IngestTarget {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

export interface CommitOptions {
  readonly labels?: Labels;
  /** Lease to protect the blob with from the moment it is there. */
  readonly lease?: string | undefined;
}

const bufferBytes = 1024 * 1024;

/**
 * A blob on its way into the store.
 *
 * Ends with `commit` (the blob is there), `abort` (nothing is left) or `close` (what was written is kept, and opening an
 * ingest of the same digest goes on from it).
 */
export class Ingest implements AsyncDisposable {
  readonly target: IngestTarget;
  readonly #context: StoreContext;
  readonly #directories: WorkDirectories;
  readonly #work: WorkDirectory;
  readonly #onEnd: (ingest: Ingest) => void;
  #file: IngestFile | undefined;
  #digester: Digester;
  #buffered: Uint8Array[] = [];
  #bufferedBytes = 0;
  #writtenBytes = 0;

  private constructor(
    context: StoreContext,
    directories: WorkDirectories,
    work: WorkDirectory,
    file: IngestFile,
    target: IngestTarget,
    onEnd: (ingest: Ingest) => void,
  ) {
    this.target = target;
    this.#onEnd = onEnd;
    this.#context = context;
    this.#directories = directories;
    this.#work = work;
    this.#file = file;
    this.#digester = new Digester(digestAlgorithm(target.digest));
  }

  /** Opens or resumes the ingest of a digest; throws `ContentError` of code `Locked` when somebody else is at it. */
  static async open(
    context: StoreContext,
    directories: WorkDirectories,
    target: IngestTarget,
    onEnd: (ingest: Ingest) => void,
  ): Promise<Ingest> {
    const work = await directories.claim(target.digest, { resumable: true });
    let ingest: Ingest | undefined;
    try {
      const file = await context.files.open(join(work.path, "data"));
      ingest = new Ingest(context, directories, work, file, target, onEnd);
      await ingest.#resume(file);
      return ingest;
    } catch (error) {
      await (ingest?.close() ?? directories.release(work)).catch(() => undefined);
      throw storageError(error, `Cannot store ${target.digest}`);
    }
  }

  /** Bytes taken so far; what is written next goes there. */
  get offset(): number {
    return this.#writtenBytes + this.#bufferedBytes;
  }

  /** Takes the next bytes; resolves when there is room for more. The chunk must not be changed afterwards. */
  async write(chunk: Uint8Array): Promise<void> {
    const { digest, sizeBytes } = this.target;
    if (this.offset + chunk.length > sizeBytes)
      throw new ContentError(
        "SizeMismatch",
        `Cannot store ${digest}: there is more than the ${sizeBytes} bytes expected`,
      );
    this.#digester.update(chunk);
    this.#buffered.push(chunk);
    this.#bufferedBytes += chunk.length;
    if (this.#bufferedBytes >= bufferBytes) await this.#flush();
  }

  /** Forgets what was written, to begin again. */
  async restart(): Promise<void> {
    this.#buffered = [];
    this.#bufferedBytes = 0;
    this.#writtenBytes = 0;
    this.#digester = new Digester(digestAlgorithm(this.target.digest));
    await this.#open().truncate(0);
  }

  /**
   * Makes the blob part of the store, at once and durably; a blob that came in meanwhile is kept instead.
   *
   * Throws `ContentError` of code `SizeMismatch` or `DigestMismatch`; the ingest stays open then.
   */
  async commit({ labels = {}, lease }: CommitOptions = {}): Promise<void> {
    const { database, clock, paths, files } = this.#context;
    const { digest, sizeBytes } = this.target;
    await this.#flush();
    if (this.#writtenBytes !== sizeBytes)
      throw new ContentError(
        "SizeMismatch",
        `Cannot store ${digest}: it has ${this.#writtenBytes} instead of ${sizeBytes} bytes`,
      );
    const found = this.#digester.digest();
    if (found !== digest) throw new ContentError("DigestMismatch", `Cannot store ${digest}: the content is ${found}`);
    const file = this.#open();
    try {
      await file.sync();
      await file.makeReadOnly();
    } catch (error) {
      throw storageError(error, `Cannot store ${digest}`);
    }
    await this.#release(file);
    try {
      // Inside the transaction, so that no garbage collection of another process comes between file and row.
      await database.write((transaction) => {
        addBlob(transaction, { digest, sizeBytes, createdAtMs: clock.now(), labels, lease }, () =>
          files.rename(join(this.#work.path, "data"), paths.blob(digest)),
        );
        this.#directories.finish(transaction, this.#work);
      });
    } catch (error) {
      await this.#directories.release(this.#work).catch(() => undefined);
      throw error;
    }
    await files.syncDirectory(paths.blobDirectory(digest));
    await this.#directories.removeLeftovers(this.#work);
  }

  /** Stops and keeps what was written for another time. Idempotent. */
  async close(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    try {
      await this.#flush();
    } finally {
      await this.#release(file);
      if (this.#writtenBytes === 0) await this.#directories.discard(this.#work);
      else await this.#directories.release(this.#work);
    }
  }

  /** Stops and removes what was written. Idempotent. */
  async abort(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    this.#buffered = [];
    await this.#release(file);
    await this.#directories.discard(this.#work);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #release(file: IngestFile): Promise<void> {
    this.#file = undefined;
    this.#onEnd(this);
    await file.close();
  }

  async #resume(file: IngestFile): Promise<void> {
    if (file.sizeBytes > this.target.sizeBytes) return this.restart();
    const buffer = Buffer.allocUnsafe(Math.min(bufferBytes, Math.max(file.sizeBytes, 1)));
    while (this.#writtenBytes < file.sizeBytes) {
      const read = await file.read(buffer, this.#writtenBytes);
      if (read === 0) return;
      this.#digester.update(buffer.subarray(0, read));
      this.#writtenBytes += read;
    }
  }

  async #flush(): Promise<void> {
    const chunks = this.#buffered;
    const sizeBytes = this.#bufferedBytes;
    if (chunks.length === 0) return;
    this.#buffered = [];
    this.#bufferedBytes = 0;
    try {
      await this.#open().write(chunks, this.#writtenBytes);
    } catch (error) {
      throw storageError(error, `Cannot store ${this.target.digest}`);
    }
    this.#writtenBytes += sizeBytes;
  }

  #open(): IngestFile {
    if (this.#file === undefined) throw new ContentError("Closed", `The ingest of ${this.target.digest} is closed`);
    return this.#file;
  }
}
