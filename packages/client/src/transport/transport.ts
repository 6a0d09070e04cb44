import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";

/** One request as it goes on the wire; `body` is sent whole and may be sent again. */
export interface TransportRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array | undefined;
  /** Cancels the request at any stage, also while the body of the answer is being read. */
  readonly signal?: AbortSignal | undefined;
  /** A watch or another answer without end: it leaves the last streams of a full pool to short requests. */
  readonly longRunning?: boolean | undefined;
}

/** An answer whose headers have arrived; the caller reads `body` to its end or calls `cancel`. */
export interface TransportResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
  /** Whether `body` ended as the server meant it to; meaningful once it ended. */
  complete(): boolean;
  /** Tells the server that the rest is not wanted, and destroys `body`. Idempotent, also after the end. */
  cancel(): void;
}

/** Client certificate and key, PEM. */
export interface TlsIdentity {
  readonly certificate: string;
  readonly key: string;
}

/**
 * What carries requests to one server; rejects with `TransportError` when there is no answer and with the signal's reason
 * when aborted. Knows nothing of Kubernetes: any status is an answer.
 */
export interface Transport {
  request(request: TransportRequest): Promise<TransportResponse>;
  /** Presents `identity` on connections from now on; a change retires the present ones. */
  useIdentity(identity: TlsIdentity | undefined): void;
  /** Ends all connections; requests under way fail. Idempotent. */
  close(): Promise<void>;
}
