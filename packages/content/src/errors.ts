import { errorCode, WherryError, type WherryErrorOptions } from "@wherry/base";

/** What went wrong, stable for callers to match on. */
export type ContentErrorCode =
  | "NotFound"
  | "DigestMismatch"
  | "SizeMismatch"
  | "NoSpace"
  | "Locked"
  | "Corrupt"
  | "Closed"
  | "TooLarge"
  | "InvalidImage"
  | "InvalidArchive"
  | "UnsafeArchive"
  | "NoModule"
  | "NoDirectory"
  | "NotWasm"
  | "TruncatedModule"
  | "Unsupported"
  | "UnpackerFailed"
  | "NoMatchingPlatform";

/** Every failure of this package that is neither an abort nor a registry's. */
export class ContentError extends WherryError {
  declare readonly code: ContentErrorCode;

  constructor(code: ContentErrorCode, message: string, options: WherryErrorOptions = {}) {
    super(code, message, options);
  }
}

/** Says in front of the message where a failure of this package was met; other errors pass as they are. */
export function addContext(error: unknown, where: string): unknown {
  if (!(error instanceof ContentError)) return error;
  const { code, message, cause, retryable } = error;
  return new ContentError(code, `${where}: ${message}`, { cause, retryable });
}

/** Puts a name on a full disk or quota; other errors pass as they are. */
export function storageError(error: unknown, action: string): unknown {
  const code = errorCode(error);
  if (code !== "ENOSPC" && code !== "EDQUOT") return error;
  const what = code === "ENOSPC" ? "no space is left on the device" : "the disk quota is used up";
  return new ContentError("NoSpace", `${action}: ${what}`, { cause: error, retryable: true });
}
