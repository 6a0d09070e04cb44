import { writeSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { errorCode } from "@wherry/base";
import type { ByteSink, ByteSource } from "@wherry/wasi";

/** A guest's output on a stream of this process; holds the guest while the reader is slow. */
export function streamSink(stream: Writable & { readonly fd?: number }): ByteSink {
  const { fd } = stream;
  return {
    write(bytes) {
      if (fd === undefined || stream.writableLength > 0) return queue(stream, bytes.slice());
      // Straight to the descriptor where nothing is queued: a guest that prints byte by byte would else make a buffer each time.
      try {
        const written = writeSync(fd, bytes);
        if (written < bytes.length) return queue(stream, bytes.slice(written));
      } catch (error) {
        if (errorCode(error) !== "EAGAIN") throw error;
        return queue(stream, bytes.slice());
      }
      return undefined;
    },
  };
}

function queue(stream: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

/** A guest's input from a stream of this process; reads only when asked, so that nothing is taken the guest never wanted. */
export function streamSource(stream: Readable): ByteSource {
  let held: Uint8Array = new Uint8Array(0);
  let chunks: AsyncIterator<Uint8Array> | undefined;
  const fill = async () => {
    chunks ??= (stream as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    const { done, value } = await chunks.next();
    if (done !== true) held = typeof value === "string" ? Buffer.from(value) : value;
    return done !== true;
  };
  const take = (maxBytes: number) => {
    const taken = held.subarray(0, maxBytes);
    held = held.subarray(taken.length);
    return taken;
  };
  return {
    read(maxBytes) {
      if (held.length > 0) return take(maxBytes);
      return fill().then((more) => (more ? take(maxBytes) : new Uint8Array(0)));
    },
    readable() {
      if (held.length > 0) return held.length;
      return fill().then(() => held.length);
    },
  };
}
