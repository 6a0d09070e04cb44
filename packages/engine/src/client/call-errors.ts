import { RpcError } from "@wherry/rpc";
import { EngineError, type EngineErrorCode } from "../errors.ts";

const sameCodes: ReadonlySet<string> = new Set<EngineErrorCode>([
  "InvalidArgument",
  "NotFound",
  "AlreadyExists",
  "FailedPrecondition",
  "ResourceExhausted",
  "Unimplemented",
  "Unavailable",
  "DeadlineExceeded",
]);

/** The engine's error for what a call to a host threw; aborts stay what they are. */
export function engineErrorFrom(error: unknown): unknown {
  if (!(error instanceof RpcError)) return error;
  const code = sameCodes.has(error.code) ? (error.code as EngineErrorCode) : "Internal";
  return new EngineError(code, error.message, { cause: error });
}

/** Settles as `promise`, with errors of calls turned into the engine's. */
export async function asEngineCall<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw engineErrorFrom(error);
  }
}
