import { Readable } from "node:stream";

import { abortReason } from "@wherry/base";

import { TransportError } from "../errors.ts";
import type { TransportResponse } from "./transport.ts";

/** Reads a whole answer of at most `maxBytes`; a larger or truncated one rejects and is cancelled. */
export function readBody(response: TransportResponse, maxBytes: number, signal?: AbortSignal): Promise<Buffer> {
  const { body } = response;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    let ended = false;
    body.on("data", (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) {
        const error = new TransportError("limit", `Cannot read the answer: it is larger than ${maxBytes} bytes`);
        reject(error);
        response.cancel();
        return;
      }
      chunks.push(chunk);
    });
    body.once("end", () => {
      ended = true;
      if (!response.complete()) reject(truncated());
      else resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, sizeBytes));
    });
    body.once("error", (error) => reject(bodyError(error, signal)));
    body.once("close", () => {
      if (!ended) reject(truncated());
    });
  });
}

/**
 * The body of an answer as a stream that fails, rather than ends, when the answer is cut short; destroying it cancels the
 * answer.
 */
export function checkedBody(response: TransportResponse, signal?: AbortSignal): Readable {
  const { body } = response;
  let ended = false;
  const checked = new Readable({
    read: () => void body.resume(),
    destroy(error, callback) {
      response.cancel();
      callback(error);
    },
  });
  body.on("data", (chunk: Buffer) => {
    if (!checked.push(chunk)) body.pause();
  });
  body.once("end", () => {
    ended = response.complete();
    if (ended) checked.push(null);
    else checked.destroy(bodyError(truncated(), signal));
  });
  body.once("error", (error) => checked.destroy(bodyError(error, signal)));
  body.once("close", () => {
    if (!ended) checked.destroy(bodyError(truncated(), signal));
  });
  return checked;
}

/** What a failure while reading means to the caller: aborts and own errors as they are, the rest as a lost connection. */
export function bodyError(error: unknown, signal?: AbortSignal): Error {
  if (signal?.aborted) return abortReason(signal);
  if (error instanceof TransportError) return error;
  return new TransportError("connection", "Cannot read the answer: connection lost", { cause: error });
}

function truncated(): TransportError {
  return new TransportError("connection", "Cannot read the answer: it ended early");
}
