import { errorMessage, WherryError, type WherryErrorOptions } from "@wherry/base";

/** Base of the kubelet's errors. */
export class KubeletError extends WherryError {}

/** A volume cannot be made ready; the message names the volume and is shown in the `FailedMount` event. */
export class VolumeError extends KubeletError {
  /** Name of the volume in `spec.volumes`. */
  readonly volume: string;

  constructor(volume: string, message: string, options: WherryErrorOptions = {}) {
    super("VolumeError", message, { retryable: true, ...options });
    this.volume = volume;
  }
}

/** A container's configuration cannot be resolved; shown as `CreateContainerConfigError` with this message. */
export class ConfigError extends KubeletError {
  constructor(message: string, options: WherryErrorOptions = {}) {
    super("ConfigError", message, { retryable: true, ...options });
  }
}

/**
 * A probe or hook did not reach its goal in a container.
 *
 * `Failed` says that the container answered badly or not at all; `Timeout` that its answer did not come in time; `PlainHttp` that
 * something that should speak TLS speaks HTTP; `Invalid` that the action cannot be carried out as it is specified.
 */
export class ActionError extends KubeletError {
  declare readonly code: "Failed" | "Timeout" | "PlainHttp" | "Invalid";

  constructor(code: ActionError["code"], message: string, options: WherryErrorOptions = {}) {
    super(code, message, options);
  }
}

/** A call over HTTP/2 was broken off; the name is that of gRPC's status code. */
export class StreamFailure extends ActionError {
  readonly rpcCode: string;

  constructor(rpcCode: string, message: string, options: WherryErrorOptions = {}) {
    super("Failed", message, options);
    this.rpcCode = rpcCode;
  }
}

/** A hook of a container failed; shown as the message of `PostStartHookError`. */
export class HookError extends KubeletError {
  constructor(message: string, options: WherryErrorOptions = {}) {
    super("HookError", message, options);
  }
}

/** What is shown of a probe or hook that failed: of errors made for that the message alone, which tells the cause in upstream's words. */
export function actionMessage(error: unknown): string {
  return error instanceof ActionError || error instanceof HookError ? error.message : errorMessage(error);
}
