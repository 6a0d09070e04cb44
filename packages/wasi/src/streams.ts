/**
 * Where a guest's output goes.
 *
 * `bytes` is a view of the guest's memory and valid only during the call: keep a copy, never the view. A returned promise
 * holds the guest until it resolves (back-pressure). An error with a POSIX `code` (`"EPIPE"`) reaches the guest as that errno.
 */
export interface ByteSink {
  write(bytes: Uint8Array): void | Promise<void>;
}

/**
 * Where a guest's input comes from.
 *
 * `read` answers at most `maxBytes` bytes; an empty array is the end of the stream. The answer belongs to the caller. A call
 * is made only after the one before has been answered.
 */
export interface ByteSource {
  read(maxBytes: number): Uint8Array | Promise<Uint8Array>;
  /**
   * Bytes that a `read` would answer at once, 0 at the end of the stream; a promise when none are there yet. Only for
   * `poll_oneoff`; without it a poll reads ahead.
   */
  readable?(): number | Promise<number>;
}

/** A source at its end, as of `/dev/null`. */
export const emptySource: ByteSource = { read: () => new Uint8Array(0), readable: () => 0 };

/** A sink that drops everything. */
export const nullSink: ByteSink = { write: () => undefined };
