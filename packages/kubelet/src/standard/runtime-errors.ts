import { RuntimeError } from "@wherry/runtime";

/** Whether a runtime verb failed because its object does not exist. */
export function isRuntimeNotFound(error: unknown): boolean {
  return error instanceof RuntimeError && error.code === "NotFound";
}
