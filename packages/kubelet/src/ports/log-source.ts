/** Log file of one container instance. */
export interface ContainerLog {
  readonly containerId: string;
  /** Absolute path of the file now written to; rotated files lie beside it. */
  readonly path: string;
  /** Whether the instance still runs; asked anew at each call. */
  isRunning(): boolean;
  /** Resolves when the instance has ended and all its output is in the file; at once if it has. Rejects when `signal` aborts. */
  ended(signal: AbortSignal): Promise<void>;
}

/** A log cannot be served; `status` is the HTTP status upstream answers with. */
export interface LogRefusal {
  readonly status: 400 | 404 | 500;
  readonly message: string;
}

/** Finds log files of containers; what the log endpoint and the rotation stand on. */
export interface LogSource {
  /**
   * The log of a container by names, of the instance before the current one with `previous`.
   *
   * Answers a refusal for an unknown pod or container (404), for a container that has not started, and where there is no
   * previous instance (400).
   */
  containerLog(
    namespace: string,
    pod: string,
    container: string,
    options: { readonly previous: boolean },
  ): Promise<ContainerLog | LogRefusal>;
  /** Logs of all containers that run now, for rotation. */
  activeLogs(): readonly { readonly containerId: string; readonly path: string }[];
  /** Opens the container's log anew after the caller moved the file away. */
  reopenLog(containerId: string): Promise<void>;
}
