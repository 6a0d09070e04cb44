import { WherryError, type WherryErrorOptions } from "@wherry/base";

/**
 * Why a runtime verb failed; the names are those of gRPC status codes that CRI uses, and of the CRI image errors that the
 * kubelet shows as waiting reasons.
 */
export type RuntimeErrorCode =
  | "NotFound"
  | "AlreadyExists"
  | "InvalidArgument"
  | "FailedPrecondition"
  | "ResourceExhausted"
  | "Unimplemented"
  | "Unavailable"
  | "DeadlineExceeded"
  | "PermissionDenied"
  | "RegistryUnavailable"
  | "SignatureValidationFailed"
  | "Internal";

/** Failure of a runtime verb; the message names the object and the value. */
export class RuntimeError extends WherryError {
  declare readonly code: RuntimeErrorCode;

  constructor(code: RuntimeErrorCode, message: string, options: WherryErrorOptions = {}) {
    super(code, message, { retryable: code === "Unavailable" || code === "RegistryUnavailable", ...options });
  }
}
