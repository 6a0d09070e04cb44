import { errorCode, errorMessage } from "@wherry/base";
import { RuntimeError, type RuntimeErrorCode } from "../errors.ts";

const codes: Readonly<Record<string, RuntimeErrorCode>> = {
  NotFound: "NotFound",
  AlreadyExists: "AlreadyExists",
  InvalidArgument: "InvalidArgument",
  FailedPrecondition: "FailedPrecondition",
  ResourceExhausted: "ResourceExhausted",
  Unavailable: "Unavailable",
  DeadlineExceeded: "DeadlineExceeded",
  StartError: "InvalidArgument",
};

/** The error of a runtime verb for a failure of the engine; aborts pass through. */
export function runtimeErrorFrom(action: string, error: unknown): Error {
  if (error instanceof RuntimeError) return error;
  if (error instanceof Error && error.name === "AbortError") return error;
  return new RuntimeError(codes[errorCode(error) ?? ""] ?? "Internal", `Cannot ${action}: ${errorMessage(error)}`, {
    cause: error,
  });
}

/** Settles as `call` does, with a failure turned into a `RuntimeError` that says what was attempted. */
export async function asRuntimeCall<T>(action: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw runtimeErrorFrom(action, error);
  }
}
