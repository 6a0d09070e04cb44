import { WherryError, type WherryErrorOptions } from "@wherry/base";

/** What went wrong, stable for callers to match on. */
export type DistributionErrorCode =
  | "InvalidReference"
  | "InvalidDigest"
  | "InvalidConfig"
  | "RegistryUnknown"
  | "RegistryUnreachable"
  | "TlsFailure"
  | "Unauthorized"
  | "Forbidden"
  | "NotFound"
  | "ManifestUnknown"
  | "BlobUnknown"
  | "TooManyRequests"
  | "RegistryFailure"
  | "Refused"
  | "InvalidResponse"
  | "TooLarge"
  | "DigestMismatch"
  | "SizeMismatch"
  | "Unsupported";

export interface DistributionErrorOptions extends WherryErrorOptions {
  /** Host the error came from, with its port where one was given. */
  readonly registry?: string | undefined;
  /** HTTP status of the answer, where there was one. */
  readonly status?: number | undefined;
  /** Delay the registry asked for, where it did. */
  readonly retryAfterMs?: number | undefined;
}

/** Every failure of this package that is not an abort. */
export class DistributionError extends WherryError {
  declare readonly code: DistributionErrorCode;
  readonly registry: string | undefined;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: DistributionErrorCode, message: string, options: DistributionErrorOptions = {}) {
    super(code, message, options);
    this.registry = options.registry;
    this.status = options.status;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** The same failure as part of a larger action: `Cannot pull image "x": registry "y" answered 401 Unauthorized`. */
  during(action: string): DistributionError {
    return new DistributionError(this.code, `${action}: ${this.message}`, {
      cause: this.cause,
      retryable: this.retryable,
      registry: this.registry,
      status: this.status,
      retryAfterMs: this.retryAfterMs,
    });
  }
}

/** Runs `work` and puts `action` in front of the message of a `DistributionError` it throws. */
export async function describing<T>(action: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof DistributionError ? error.during(action) : error;
  }
}
