/** Longest text of one log entry, as containerd cuts it. */
export const maxLineBytes = 16_384;

const intCount = 16;
const generationIndex = 0;
const streamsIndex = 1;
const sentIndex = 2;
const acknowledgedIndex = 3;
const pendingIndex = 4;
const memoryPagesIndex = 6;
// In units of eight bytes.
const droppedIndex = 4;

export type OutputStream = "stdout" | "stderr";

/**
 * The memory that a guest's worker shares with the host's main thread, so that the main thread can speak to a worker that never
 * yields and pick up what a terminated one leaves behind.
 */
export class ControlBlock {
  readonly buffer: SharedArrayBuffer;
  readonly #ints: Int32Array;
  readonly #dropped: BigInt64Array;
  readonly #pending: readonly [Uint8Array, Uint8Array];

  constructor(
    buffer: SharedArrayBuffer = new SharedArrayBuffer(intCount * Int32Array.BYTES_PER_ELEMENT + 2 * maxLineBytes),
  ) {
    this.buffer = buffer;
    this.#ints = new Int32Array(buffer, 0, intCount);
    this.#dropped = new BigInt64Array(buffer, 0, intCount / 2);
    const offset = intCount * Int32Array.BYTES_PER_ELEMENT;
    this.#pending = [
      new Uint8Array(buffer, offset, maxLineBytes),
      new Uint8Array(buffer, offset + maxLineBytes, maxLineBytes),
    ];
  }

  /** Counts requests to open the log file anew; a writer compares it before each write. */
  get logGeneration(): number {
    return Atomics.load(this.#ints, generationIndex);
  }

  requestLogReopen(): void {
    Atomics.add(this.#ints, generationIndex, 1);
  }

  /** Output bytes that could not be logged. */
  get droppedBytes(): number {
    return Number(Atomics.load(this.#dropped, droppedIndex));
  }

  addDropped(sizeBytes: number): void {
    Atomics.add(this.#dropped, droppedIndex, BigInt(sizeBytes));
  }

  /** Pages of the guest's memory when it last called its host. */
  get memoryPages(): number {
    return Atomics.load(this.#ints, memoryPagesIndex);
  }

  set memoryPages(pages: number) {
    Atomics.store(this.#ints, memoryPagesIndex, pages);
  }

  /** Whether some attached session wants copies of this stream. */
  wants(stream: OutputStream): boolean {
    return (Atomics.load(this.#ints, streamsIndex) & streamBit(stream)) !== 0;
  }

  setWanted(streams: readonly OutputStream[]): void {
    let bits = 0;
    for (const stream of streams) bits |= streamBit(stream);
    Atomics.store(this.#ints, streamsIndex, bits);
    Atomics.notify(this.#ints, acknowledgedIndex);
  }

  /** Copied bytes that attached sessions have not taken yet. */
  get unacknowledgedBytes(): number {
    return (Atomics.load(this.#ints, sentIndex) - Atomics.load(this.#ints, acknowledgedIndex)) | 0;
  }

  addSent(sizeBytes: number): void {
    Atomics.add(this.#ints, sentIndex, sizeBytes);
  }

  acknowledge(sizeBytes: number): void {
    Atomics.add(this.#ints, acknowledgedIndex, sizeBytes);
    Atomics.notify(this.#ints, acknowledgedIndex);
  }

  /** Resolves when sessions took something or went away since `unacknowledgedBytes` was looked at, or after `timeoutMs`. */
  async waitAcknowledged(limitBytes: number, timeoutMs: number): Promise<void> {
    const seen = Atomics.load(this.#ints, acknowledgedIndex);
    if (this.unacknowledgedBytes <= limitBytes) return;
    const wait = Atomics.waitAsync(this.#ints, acknowledgedIndex, seen);
    if (!wait.async) return;
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([wait.value, timeout]);
    clearTimeout(timer);
  }

  /** The unfinished line of a stream, not logged yet. */
  pending(stream: OutputStream): Uint8Array {
    return this.#area(stream).subarray(0, Atomics.load(this.#ints, pendingIndex + streamNumber(stream)));
  }

  /** Replaces the unfinished line; `bytes` fits into one entry. */
  setPending(stream: OutputStream, bytes: Uint8Array, offset = 0): void {
    this.#area(stream).set(bytes, offset);
    Atomics.store(this.#ints, pendingIndex + streamNumber(stream), offset + bytes.length);
  }

  #area(stream: OutputStream): Uint8Array {
    return this.#pending[streamNumber(stream)];
  }
}

function streamNumber(stream: OutputStream): 0 | 1 {
  return stream === "stdout" ? 0 : 1;
}

function streamBit(stream: OutputStream): number {
  return 1 << streamNumber(stream);
}
