import { Worker } from "node:worker_threads";
import { abortReason, errorCode, errorMessage, type Logger } from "@wherry/base";
import { ContentError } from "./errors.ts";
import { Limiter } from "./limiter.ts";
import type { WrittenSnapshot } from "./snapshots.ts";
import type { UnpackJob } from "./unpack-job.ts";
import { carriedError, type UnpackMessage } from "./unpack-messages.ts";

/** Writes the layers of images. */
export interface LayerUnpacker {
  /**
   * Does a job. When it settles, nothing is written any more, and what was written stays. Rejects with the signal's reason and
   * with what `unpackJob` throws.
   */
  run(job: UnpackJob, signal: AbortSignal): Promise<WrittenSnapshot>;
}

export interface ThreadUnpackerOptions {
  readonly logger: Logger;
  /** Script that a thread runs. @default the one beside this */
  readonly entry?: URL;
  /** @default 128 */
  readonly maxHeapMib?: number;
}

const maxThreads = 2;

/**
 * Unpacks each job in a thread of its own, a few at a time: the archive is a stranger's, and neither the time it takes nor the
 * memory it needs may be the kubelet's.
 *
 * Also rejects with a `ContentError`: `TooLarge` where the thread needs more memory than it may have, `UnpackerFailed` where
 * it ends without an answer.
 */
export function threadUnpacker(options: ThreadUnpackerOptions): LayerUnpacker {
  return new ThreadUnpacker(options);
}

class ThreadUnpacker implements LayerUnpacker {
  readonly #logger: Logger;
  readonly #entry: URL;
  readonly #maxHeapMib: number;
  readonly #limiter: Limiter = new Limiter(maxThreads);

  constructor({ logger, entry = besideThis("unpack-worker"), maxHeapMib = 128 }: ThreadUnpackerOptions) {
    this.#logger = logger;
    this.#entry = entry;
    this.#maxHeapMib = maxHeapMib;
  }

  run(job: UnpackJob, signal: AbortSignal): Promise<WrittenSnapshot> {
    return this.#limiter.run(() => this.#run(job, signal), signal);
  }

  async #run(job: UnpackJob, signal: AbortSignal): Promise<WrittenSnapshot> {
    if (signal.aborted) throw abortReason(signal);
    const worker = this.#start(job);
    const onAbort = () => void worker.terminate();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await this.#outcome(worker, signal);
    } finally {
      signal.removeEventListener("abort", onAbort);
      // Its file descriptors go with it.
      await worker.terminate();
    }
  }

  #start(job: UnpackJob): Worker {
    try {
      const resourceLimits = { maxOldGenerationSizeMb: this.#maxHeapMib };
      return new Worker(this.#entry, { name: "unpack", workerData: job, resourceLimits });
    } catch (error) {
      throw unpackerFailed(errorMessage(error), error);
    }
  }

  #outcome(worker: Worker, signal: AbortSignal): Promise<WrittenSnapshot> {
    return new Promise((resolve, reject) => {
      worker.on("message", (message: UnpackMessage) => {
        if (message.kind === "warning") this.#logger.warn(message.message, message.fields);
        else if (signal.aborted) reject(abortReason(signal));
        else if (message.kind === "done") resolve(message.snapshot);
        else reject(carriedError(message.error));
      });
      worker.on("error", (error) => reject(this.#failure(error)));
      worker.on("exit", (code) =>
        reject(signal.aborted ? abortReason(signal) : unpackerFailed(`it ended with exit code ${code}`)),
      );
    });
  }

  #failure(error: unknown): ContentError {
    if (errorCode(error) !== "ERR_WORKER_OUT_OF_MEMORY") return unpackerFailed(errorMessage(error), error);
    return new ContentError("TooLarge", `Unpacking the image needs more than ${this.#maxHeapMib} MiB of memory`, {
      cause: error,
    });
  }
}

function unpackerFailed(problem: string, cause?: unknown): ContentError {
  return new ContentError("UnpackerFailed", `The unpacking thread failed: ${problem}`, { cause, retryable: true });
}

/** A script of this package: TypeScript from source, JavaScript where it was built; a bundle has it beside itself. */
function besideThis(name: string): URL {
  return new URL(`./${name}${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url);
}
