import { isAbort } from "@wherry/base";
import type { ClientSettings } from "./client-settings.ts";
import { Digester, digestAlgorithm } from "./digest.ts";
import { DistributionError } from "./errors.ts";
import { bodyError, type HttpResponse } from "./http-transport.ts";
import type { Descriptor } from "./manifest.ts";
import { createRetry } from "./retry.ts";

export interface BlobReadOptions {
  /** First byte to read, to go on with an earlier read. @default 0 */
  readonly offset?: number;
  /** Ranges fetched at the same time, where the registry can serve ranges. @default 1 */
  readonly concurrency?: number;
  /** Size of one range; `concurrency` of them are held in memory. @default 8 MiB */
  readonly rangeBytes?: number;
  /** Whether to compute the digest of a complete read; for callers that do so themselves. @default true */
  readonly verify?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Asks for the bytes from `start` up to, not including, `end`; the answer has status 200 (everything) or 206. */
export type RangeOpener = (start: number, end: number, signal: AbortSignal | undefined) => Promise<HttpResponse>;

/** Interruptions a read survives while it makes progress in between. */
const maxInterruptions = 50;

/** Reads a blob across interruptions, each time from where it broke off. */
export class BlobReader {
  readonly #descriptor: Descriptor;
  readonly #open: RangeOpener;
  readonly #settings: Pick<ClientSettings, "clock" | "random" | "retry">;
  readonly #options: BlobReadOptions;

  constructor(
    descriptor: Descriptor,
    open: RangeOpener,
    settings: Pick<ClientSettings, "clock" | "random" | "retry">,
    options: BlobReadOptions,
  ) {
    this.#descriptor = descriptor;
    this.#open = open;
    this.#settings = settings;
    this.#options = options;
  }

  /**
   * The bytes in order. Never more than the descriptor's size; a complete read (from offset 0) ends with an error when the
   * digest does not match, so what was read must not be used before the end.
   */
  async *read(): AsyncGenerator<Uint8Array, void, undefined> {
    const { size, digest } = this.#descriptor;
    const { offset = 0, concurrency = 1, rangeBytes = 8 * 1024 * 1024, verify = true } = this.#options;
    const digester = verify && offset === 0 ? new Digester(digestAlgorithm(digest)) : undefined;
    const parallel = concurrency > 1 && size - offset > rangeBytes;
    const chunks = parallel
      ? this.#readRanges(offset, concurrency, rangeBytes)
      : this.#readSpan(offset, size, this.#options.signal);
    for await (const chunk of chunks) {
      digester?.update(chunk);
      yield chunk;
    }
    const found = digester?.digest();
    if (found !== undefined && found !== digest)
      throw new DistributionError("DigestMismatch", `blob ${digest} arrived with the content of ${found}`);
  }

  /** Bytes from `start` to `end`, trying again after interruptions. */
  async *#readSpan(
    start: number,
    end: number,
    signal: AbortSignal | undefined,
    first?: HttpResponse,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { clock, random, retry: retryOptions } = this.#settings;
    const retry = createRetry(retryOptions, random);
    let at = start;
    for (let interruptions = 0; at < end; interruptions++) {
      const before = at;
      try {
        const response = at === start && first !== undefined ? first : await this.#open(at, end, signal);
        first = undefined;
        for await (const chunk of this.#content(response, at, end)) {
          at += chunk.length;
          yield chunk;
        }
        if (at < end) throw this.#truncated(response, at);
      } catch (error) {
        if (!(error instanceof DistributionError) || !error.retryable || isAbort(error)) throw error;
        if (at > before) retry.reset();
        const delayMs = interruptions < maxInterruptions ? retry.next(error.retryAfterMs) : undefined;
        if (delayMs === undefined) throw error;
        await clock.sleep(delayMs, signal);
      }
    }
  }

  /** The part of one answer that belongs to `at`..`end`. */
  async *#content(response: HttpResponse, at: number, end: number): AsyncGenerator<Uint8Array, void, undefined> {
    const { size } = this.#descriptor;
    let skip = response.status === 206 ? 0 : at;
    this.#checkHeaders(response, at);
    try {
      for await (const chunk of response.body as AsyncIterable<Buffer>) {
        const skipped = Math.min(skip, chunk.length);
        skip -= skipped;
        const useful = chunk.subarray(skipped, skipped + (end - at));
        at += useful.length;
        if (useful.length > 0) yield useful;
        if (useful.length < chunk.length - skipped) {
          if (end === size) throw this.#mismatch(response, `is longer than the ${size} bytes it should have`);
          return;
        }
      }
    } catch (error) {
      throw bodyError(error, response);
    }
  }

  #checkHeaders(response: HttpResponse, at: number): void {
    const { headers, status } = response;
    const { size } = this.#descriptor;
    try {
      const encoding = headers["content-encoding"];
      if (encoding !== undefined && encoding !== "identity")
        throw this.#mismatch(response, `was sent with the content encoding ${JSON.stringify(encoding)}`);
      if (status === 206) {
        const range = /^bytes ([0-9]+)-[0-9]+\/([0-9]+|\*)$/.exec(headers["content-range"] ?? "");
        if (range === null || Number(range[1]) !== at || (range[2] !== "*" && Number(range[2]) !== size))
          throw this.#mismatch(response, `was answered with the wrong range ${headers["content-range"]}`);
      } else if (headers["content-length"] !== undefined && Number(headers["content-length"]) !== size)
        throw this.#mismatch(response, `has ${headers["content-length"]} bytes instead of ${size}`);
    } catch (error) {
      response.body.destroy();
      throw error;
    }
  }

  /** Ranges in order, several of them on the way; falls back to one stream where the registry serves no ranges. */
  async *#readRanges(
    offset: number,
    concurrency: number,
    rangeBytes: number,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { size } = this.#descriptor;
    const firstEnd = offset + rangeBytes;
    const first = await this.#open(offset, firstEnd, this.#options.signal);
    if (first.status !== 206) {
      yield* this.#readSpan(offset, size, this.#options.signal, first);
      return;
    }
    // Ends the ranges on their way when one fails or the reader stops.
    const ended = new AbortController();
    const signal = AbortSignal.any([
      ended.signal,
      ...(this.#options.signal === undefined ? [] : [this.#options.signal]),
    ]);
    const pending: Promise<Uint8Array[]>[] = [this.#collect(offset, firstEnd, signal, first)];
    let next = firstEnd;
    try {
      while (pending.length > 0) {
        while (next < size && pending.length < concurrency) {
          const end = Math.min(next + rangeBytes, size);
          const range = this.#collect(next, end, signal);
          // A failure is met when its turn comes; until then it must not count as unhandled.
          range.catch(() => undefined);
          pending.push(range);
          next = end;
        }
        yield* (await pending.shift()) ?? [];
      }
    } finally {
      ended.abort();
      await Promise.allSettled(pending);
    }
  }

  async #collect(start: number, end: number, signal: AbortSignal, first?: HttpResponse): Promise<Uint8Array[]> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.#readSpan(start, end, signal, first)) chunks.push(chunk);
    return chunks;
  }

  #truncated(response: HttpResponse, at: number): DistributionError {
    const { digest, size } = this.#descriptor;
    return new DistributionError(
      "SizeMismatch",
      `blob ${digest} from "${response.url.host}" ended after ${at} of ${size} bytes`,
      { registry: response.url.host, retryable: true },
    );
  }

  #mismatch(response: HttpResponse, problem: string): DistributionError {
    return new DistributionError(
      "SizeMismatch",
      `blob ${this.#descriptor.digest} from "${response.url.host}" ${problem}`,
      { registry: response.url.host },
    );
  }
}
