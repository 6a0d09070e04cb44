import { WherryError, type WherryErrorOptions } from "@wherry/base";

/**
 * Why an operation of the engine failed: the names are those of gRPC status codes, and `StartError` for a guest that could not
 * be started (its module is broken or wants what is not offered).
 */
export type EngineErrorCode =
  | "InvalidArgument"
  | "NotFound"
  | "AlreadyExists"
  | "FailedPrecondition"
  | "ResourceExhausted"
  | "Unimplemented"
  | "Unavailable"
  | "DeadlineExceeded"
  | "StartError"
  | "Internal";

/** Failure of an operation of the engine; `Unavailable` (the host is gone or not up) alone is retryable. */
export class EngineError extends WherryError {
  declare readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string, options: WherryErrorOptions = {}) {
    super(code, message, { retryable: code === "Unavailable", ...options });
  }
}
