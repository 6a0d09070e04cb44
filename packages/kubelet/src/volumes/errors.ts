import { errorCode, WherryError, type WherryErrorOptions } from "@wherry/base";

/**
 * Why a volume cannot be made ready.
 *
 * - `Unsupported`: the pod asks for something this node does not do; only another spec helps.
 * - `InvalidVolume`: the volume or its mount contradicts itself or leads outside of the volume.
 * - `MissingReference`: an object, a key of it or a host path that the volume needs is not there (yet).
 * - `StorageFailed`: the node's file system refused (full, read-only, broken).
 * - `SourceFailed`: the API server could not be asked.
 */
export type VolumeErrorCode = "Unsupported" | "InvalidVolume" | "MissingReference" | "StorageFailed" | "SourceFailed";

/** A volume that cannot be mounted or updated; the message is fit for a `FailedMount` event and names volume and value. */
export class VolumeError extends WherryError {
  declare readonly code: VolumeErrorCode;

  constructor(code: VolumeErrorCode, message: string, options: WherryErrorOptions = {}) {
    super(code, message, { retryable: code !== "Unsupported" && code !== "InvalidVolume", ...options });
  }
}

const storageProblems: Readonly<Record<string, string>> = {
  ENOSPC: "no space left on the device",
  EDQUOT: "the disk quota is used up",
  EROFS: "the file system is read-only",
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EMFILE: "too many open files",
  ENFILE: "too many open files on the system",
  EIO: "input/output error",
};

/** Converts what `node:fs` throws, at the edge where it enters; errors of this kind pass through. */
export function volumeErrorFrom(error: unknown, what: string): VolumeError {
  if (error instanceof VolumeError) return error;
  const code = errorCode(error);
  const text =
    (code === undefined ? undefined : storageProblems[code]) ??
    (error instanceof Error ? error.message : String(error));
  return new VolumeError("StorageFailed", `${what}: ${text}`, { cause: error });
}
