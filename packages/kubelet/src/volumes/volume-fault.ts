import { errorCode, errorMessage, WherryError, type WherryErrorOptions } from "@wherry/base";
import { KubeletError, VolumeError } from "../errors.ts";

/**
 * Why a volume cannot be made ready.
 *
 * - `Unsupported`: the pod asks for something this node does not do; only another spec helps.
 * - `InvalidVolume`: the volume or its mount contradicts itself or leads outside of the volume.
 * - `MissingReference`: an object, a key of it or a host path that the volume needs is not there (yet).
 * - `StorageFailed`: the node's file system refused (full, read-only, changed meanwhile).
 */
export type VolumeFaultCode = "Unsupported" | "InvalidVolume" | "MissingReference" | "StorageFailed";

/** A failure below the level at which the volume's name is known; {@link volumeErrorFrom} adds it. */
export class VolumeFault extends WherryError {
  declare readonly code: VolumeFaultCode;

  constructor(code: VolumeFaultCode, message: string, options: WherryErrorOptions = {}) {
    super(code, message, { retryable: code === "MissingReference" || code === "StorageFailed", ...options });
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

/** Text of any failure under a volume, with system errors in words. */
export function faultMessage(error: unknown): string {
  const code = errorCode(error);
  const problem = code === undefined ? undefined : storageProblems[code];
  return problem === undefined ? errorMessage(error) : `${problem} (${errorMessage(error)})`;
}

/** The error for the `FailedMount` event, in the form of upstream's; errors of that kind pass through. */
export function volumeErrorFrom(volume: string, error: unknown): VolumeError {
  if (error instanceof VolumeError) return error;
  // Errors of others, such as the API server's 404, say nothing of whether the pod's volumes can be ready later.
  const retryable = error instanceof VolumeFault || error instanceof KubeletError ? error.retryable : true;
  return new VolumeError(volume, `MountVolume.SetUp failed for volume "${volume}": ${faultMessage(error)}`, {
    cause: error,
    retryable,
  });
}
