export interface WherryErrorOptions {
  readonly cause?: unknown;
  /** Whether the same call may succeed later without a change by the caller. @default false */
  readonly retryable?: boolean;
}

/**
 * Base of all errors that Wherry's packages throw on purpose.
 *
 * Subclasses set a stable `code`; callers match on `code`, never on the message, so that matching works across duplicate
 * installs of a package.
 */
export class WherryError extends Error {
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, options: WherryErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** Text of any thrown value with the messages of its causes, for logs and event messages. */
export function errorMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : errorMessage(error.cause);
  return cause === "" || error.message.includes(cause) ? error.message : `${error.message}: ${cause}`;
}

/** The `code` of a thrown value (Wherry errors and Node system errors), or undefined. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
