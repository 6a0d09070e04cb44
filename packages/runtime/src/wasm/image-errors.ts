import { errorCode, errorMessage, isAbort } from "@wherry/base";
import { RuntimeError, type RuntimeErrorCode } from "../errors.ts";

const codes: Readonly<Record<string, RuntimeErrorCode>> = {
  InvalidReference: "InvalidArgument",
  InvalidDigest: "InvalidArgument",
  RegistryUnknown: "RegistryUnavailable",
  RegistryUnreachable: "RegistryUnavailable",
  RegistryFailure: "RegistryUnavailable",
  TooManyRequests: "Unavailable",
  Unauthorized: "PermissionDenied",
  Forbidden: "PermissionDenied",
  NotFound: "NotFound",
  ManifestUnknown: "NotFound",
  NoMatchingPlatform: "NotFound",
  NoSpace: "ResourceExhausted",
  TooLarge: "ResourceExhausted",
  NoModule: "InvalidArgument",
  NoDirectory: "InvalidArgument",
  NotWasm: "InvalidArgument",
  TruncatedModule: "InvalidArgument",
  InvalidImage: "InvalidArgument",
  InvalidArchive: "InvalidArgument",
  UnsafeArchive: "InvalidArgument",
  Unsupported: "InvalidArgument",
};

/** The error of an image verb for a failure of the registry or the store, whose text already says what was attempted; aborts pass. */
export function imageErrorFrom(action: string, error: unknown): Error {
  if (error instanceof RuntimeError || (error instanceof Error && isAbort(error))) return error;
  const code = codes[errorCode(error) ?? ""] ?? "Internal";
  const text = errorMessage(error);
  return new RuntimeError(code, text.startsWith("Cannot ") ? text : `Cannot ${action}: ${text}`, { cause: error });
}
