import { WherryError, type WherryErrorOptions } from "@wherry/base";

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
