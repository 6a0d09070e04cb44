import { errorCode, errorMessage, type LogFields } from "@wherry/base";
import { ContentError, type ContentErrorCode } from "./errors.ts";
import type { WrittenSnapshot } from "./snapshots.ts";

/** What the unpacking thread tells; the last one is `done` or `failed`. */
export type UnpackMessage =
  | { readonly kind: "warning"; readonly message: string; readonly fields: LogFields }
  | { readonly kind: "done"; readonly snapshot: WrittenSnapshot }
  | { readonly kind: "failed"; readonly error: CarriedError };

/** An error as plain data: copying one between threads keeps neither its class nor its code. */
export interface CarriedError {
  /** Set for a `ContentError`. */
  readonly contentCode?: ContentErrorCode;
  /** Code of any other error, a system's above all. */
  readonly code?: string;
  readonly message: string;
  readonly cause?: string;
  readonly retryable: boolean;
}

export function carryError(error: unknown): CarriedError {
  const cause = error instanceof Error && error.cause !== undefined ? errorMessage(error.cause) : undefined;
  const code = errorCode(error);
  return {
    message: error instanceof Error ? error.message : String(error),
    retryable: error instanceof ContentError && error.retryable,
    ...(cause !== undefined && { cause }),
    ...(error instanceof ContentError ? { contentCode: error.code } : code !== undefined && { code }),
  };
}

export function carriedError({ contentCode, code, message, cause, retryable }: CarriedError): Error {
  const options = cause === undefined ? {} : { cause: new Error(cause) };
  if (contentCode !== undefined) return new ContentError(contentCode, message, { ...options, retryable });
  return Object.assign(new Error(message, options), code !== undefined && { code });
}
