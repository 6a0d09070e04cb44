import { isApiError, isGone, isTooLargeResourceVersion, isTransportError } from "../errors.ts";

/**
 * How to go on after a failed watch: `resume` at the last version seen, or `relist` because that version is of no more use
 * or the stream cannot be understood.
 */
export function recoveryFrom(error: unknown): "resume" | "relist" {
  if (isGone(error) || isTooLargeResourceVersion(error)) return "relist";
  if (isTransportError(error)) return error.kind === "protocol" || error.kind === "limit" ? "relist" : "resume";
  // Overload and server faults say nothing about the version; a refused request (400, 403 …) may.
  if (isApiError(error)) return error.status === 429 || error.status >= 500 ? "resume" : "relist";
  return "relist";
}
