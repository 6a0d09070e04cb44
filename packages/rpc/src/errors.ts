import { errorCode, errorMessage, isAbort, WherryError, type WherryErrorOptions } from "@wherry/base";
import { type StatusCode, statusCodes } from "./status-code.ts";

/**
 * A call that ended with a status other than OK: answered so by the peer, or made here when the peer is gone, the deadline has
 * passed or the caller gave up.
 *
 * `Unavailable` alone is retryable: the peer did not answer, so the caller must know whether the call may be repeated.
 */
export class RpcError extends WherryError {
  declare readonly code: StatusCode;

  constructor(code: StatusCode, message: string, options: WherryErrorOptions = {}) {
    super(code, message, { retryable: code === "Unavailable", ...options });
  }

  /** The number of `code` on the wire. */
  get status(): number {
    return statusCodes[this.code];
  }

  /**
   * The error to answer a caller with: an `RpcError` as it is, an error whose `code` is the name of a status with that code, an
   * abort as `Canceled`, anything else as `Unknown`.
   */
  static from(error: unknown): RpcError {
    if (error instanceof RpcError) return error;
    const code = errorCode(error);
    if (code !== undefined && code !== "OK" && Object.hasOwn(statusCodes, code)) {
      return new RpcError(code as StatusCode, errorMessage(error), { cause: error });
    }
    if (isAbort(error)) return new RpcError("Canceled", "The call was cancelled", { cause: error });
    const message = error instanceof Error ? error.message : String(error);
    return new RpcError("Unknown", message, { cause: error });
  }
}
