import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { abortReason } from "@wherry/base";
import type { engineService, ServiceClient } from "@wherry/rpc";
import type { AttachOptions, AttachSession } from "../sandbox.ts";

type GuestsClient = ServiceClient<typeof engineService.Guests>;

/** Largest piece of input in one call. */
const maxPieceBytes = 64 * 1024;

/** Connects a session's streams to a guest until the guest exits, the client goes away or `signal` aborts. */
export async function attachSession(
  guests: GuestsClient,
  id: string,
  streams: AttachSession,
  { signal, onAttached }: AttachOptions,
): Promise<void> {
  const { stdin, stdout, stderr } = streams;
  const { session } = await guests.attach(
    { id, stdin: stdin !== undefined, stdout: stdout !== undefined, stderr: stderr !== undefined },
    { signal },
  );
  onAttached?.();
  const gone = new AbortController();
  const stop = AbortSignal.any(signal === undefined ? [gone.signal] : [gone.signal, signal]);
  const onGone = () => gone.abort();
  for (const stream of [stdout, stderr]) {
    stream?.once("close", onGone);
    stream?.once("error", onGone);
  }
  const input =
    stdin === undefined ? Promise.resolve() : sendInput(guests, session, stdin, stop).catch(() => undefined);
  try {
    await receiveOutput(guests, session, streams, stop);
  } catch (error) {
    if (!gone.signal.aborted || signal?.aborted) throw signal?.aborted ? abortReason(signal) : error;
  } finally {
    gone.abort();
    for (const stream of [stdout, stderr]) {
      stream?.off("close", onGone);
      stream?.off("error", onGone);
    }
    await guests.detach({ session }).catch(() => undefined);
    await input;
  }
}

async function receiveOutput(
  guests: GuestsClient,
  session: number,
  { stdout, stderr }: AttachSession,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const output = await guests.read({ session }, { signal });
    await writeAll(stdout, output.stdout, signal);
    await writeAll(stderr, output.stderr, signal);
    if (output.end) return;
  }
}

/** Writes at the reader's pace. */
async function writeAll(stream: Writable | undefined, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  if (stream === undefined || bytes.length === 0 || stream.write(bytes)) return;
  await once(stream, "drain", { signal });
}

async function sendInput(guests: GuestsClient, session: number, stdin: Readable, signal: AbortSignal): Promise<void> {
  const onAbort = () => stdin.destroy();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    for await (const chunk of stdin) {
      const bytes = typeof chunk === "string" ? Buffer.from(chunk) : (chunk as Uint8Array);
      for (let start = 0; start < bytes.length; start += maxPieceBytes) {
        await guests.write({ session, data: bytes.subarray(start, start + maxPieceBytes) }, { signal });
      }
    }
    await guests.write({ session, end: true }, { signal });
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
