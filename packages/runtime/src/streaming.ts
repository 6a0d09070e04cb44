import type { Readable, Writable } from "node:stream";

/** What exec and attach are connected to, free of any transport. */
export interface StreamSession {
  readonly stdin?: Readable | undefined;
  readonly stdout?: Writable | undefined;
  readonly stderr?: Writable | undefined;
  readonly resize?: AsyncIterable<{ readonly width: number; readonly height: number }> | undefined;
}

export interface ExecRequest {
  readonly containerId: string;
  readonly command: readonly string[];
  readonly tty: boolean;
}

export interface AttachRequest {
  readonly containerId: string;
  readonly tty: boolean;
}

export interface ExecSyncResult {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly exitCode: number;
}
