import { invalidArchive } from "./tar-header.ts";

/** A limited part of a source. */
export interface SourceSpan extends AsyncIterable<Uint8Array> {
  /** Reads what is left of it. */
  skipRest(): Promise<void>;
}

/** Reads a stream of chunks in the pieces that are asked for. */
export class ByteSource {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#iterator = source[Symbol.asyncIterator]();
  }

  /** At least one and at most `maxBytes` bytes; undefined at the end. Valid until the next call. */
  async read(maxBytes: number): Promise<Uint8Array | undefined> {
    while (this.#chunk.length === 0) {
      if (this.#ended) return undefined;
      const next = await this.#iterator.next();
      if (next.done === true) this.#ended = true;
      else this.#chunk = next.value;
    }
    const part = this.#chunk.subarray(0, maxBytes);
    this.#chunk = this.#chunk.subarray(part.length);
    return part;
  }

  async readExactly(length: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for (let missing = length; missing > 0; ) {
      const part = await this.read(missing);
      if (part === undefined) throw cutOff();
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts, length);
  }

  /** A whole block, or undefined where the source ends before it. */
  async readBlock(length: number): Promise<Buffer | undefined> {
    const first = await this.read(length);
    if (first === undefined) return undefined;
    if (first.length === length) return Buffer.from(first.buffer, first.byteOffset, length);
    return Buffer.concat([first, await this.readExactly(length - first.length)], length);
  }

  async skip(length: number): Promise<void> {
    for (let missing = length; missing > 0; ) {
      const part = await this.read(missing);
      if (part === undefined) throw cutOff();
      missing -= part.length;
    }
  }

  /** The next `length` bytes; must be read or skipped before anything else is. */
  take(length: number): SourceSpan {
    let missing = length;
    const next = async (): Promise<IteratorResult<Uint8Array, undefined>> => {
      if (missing === 0) return { done: true, value: undefined };
      const value = await this.read(missing);
      if (value === undefined) throw cutOff();
      missing -= value.length;
      return { done: false, value };
    };
    return {
      [Symbol.asyncIterator]: () => ({ next }),
      skipRest: async () => {
        await this.skip(missing);
        missing = 0;
      },
    };
  }

  /** Reads and drops everything that is left. */
  async drain(): Promise<void> {
    while ((await this.read(Number.MAX_SAFE_INTEGER)) !== undefined);
  }

  /** Lets the source go; idempotent. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#iterator.return?.();
  }
}

function cutOff(): Error {
  return invalidArchive("it is cut off");
}
