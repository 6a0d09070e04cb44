import type { ByteSource } from "@wherry/wasi";

/** A guest's standard input: what attached sessions sent, in order. The main thread bounds what is queued here. */
export class InputSource implements ByteSource {
  readonly #chunks: Uint8Array[] = [];
  readonly #onTaken: (sizeBytes: number) => void;
  #ended = false;
  #wake: (() => void) | undefined;

  /** @param onTaken told how many bytes the guest took */
  constructor(onTaken: (sizeBytes: number) => void) {
    this.#onTaken = onTaken;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#chunks.push(bytes);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async read(maxBytes: number): Promise<Uint8Array> {
    await this.#available();
    const first = this.#chunks[0];
    if (first === undefined) return new Uint8Array(0);
    const taken = first.subarray(0, maxBytes);
    if (taken.length === first.length) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(maxBytes);
    this.#onTaken(taken.length);
    return taken;
  }

  readable(): number | Promise<number> {
    return this.#chunks.length > 0 || this.#ended ? this.#size() : this.#available().then(() => this.#size());
  }

  #size(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  #available(): Promise<void> {
    if (this.#chunks.length > 0 || this.#ended) return Promise.resolve();
    return new Promise((resolve) => {
      const previous = this.#wake;
      this.#wake = () => {
        this.#wake = undefined;
        previous?.();
        resolve();
      };
    });
  }
}
