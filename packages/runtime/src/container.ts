import type { ImageSpec } from "./image.ts";

/** As CRI's `ContainerState`. */
export type ContainerState = "created" | "running" | "exited" | "unknown";

export interface Mount {
  /** Absolute path in the container. */
  readonly containerPath: string;
  /** Absolute path on the node; a directory or a file. Empty with `image`. Trusted: links in it may be followed. */
  readonly hostPath: string;
  /**
   * What to mount below the directory `hostPath`, relative and without `..`; a directory or a file.
   *
   * Not trusted: containers may have written what is below `hostPath`, and may change it meanwhile. So nobody hands on the two
   * joined; the runtime resolves this one, beneath a handle of `hostPath` and with the handle it reached as the mount's source
   * (`openat2` with `RESOLVE_BENEATH`, or segment by segment with `O_NOFOLLOW`). What is missing or leads outside fails
   * `createContainer` or `startContainer`.
   */
  readonly subPath?: string | undefined;
  readonly readOnly: boolean;
  readonly propagation: "private" | "host-to-container" | "bidirectional";
  /**
   * Mounts the content of this image instead of a host path, read-only whatever `readOnly` says. The image must be present; what
   * is mounted stays as it is while the container lives.
   */
  readonly image?: ImageSpec | undefined;
  /** Directory in `image` to mount instead of its root, relative; one that is not there fails `createContainer`. */
  readonly imageSubPath?: string | undefined;
}

export interface ContainerResources {
  readonly cpuRequestMillis?: number | undefined;
  readonly cpuLimitMillis?: number | undefined;
  readonly memoryRequestBytes?: number | undefined;
  readonly memoryLimitBytes?: number | undefined;
}

export interface ContainerPort {
  readonly name: string;
  readonly containerPort: number;
  readonly protocol: "TCP" | "UDP" | "SCTP";
  /** Port on the node that leads to it; 0 for none. */
  readonly hostPort: number;
  /** Address of the node the host port is on; empty for the node's own. */
  readonly hostIp: string;
}

/** A container to be made (CRI `ContainerConfig`). */
export interface ContainerConfig {
  readonly name: string;
  /** Restart count of the container, so that instances have different names. */
  readonly attempt: number;
  readonly image: ImageSpec;
  /** Replaces the image's entry point; empty keeps it. */
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly workingDir: string;
  /** In order; a later entry of one name wins. Values may hold any bytes but NUL, as UTF-8. */
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly mounts: readonly Mount[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Log file relative to the sandbox's log directory, in the CRI log format; e.g. `main/0.log`. */
  readonly logPath: string;
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  readonly tty: boolean;
  readonly resources: ContainerResources;
  /** Signal name such as `SIGTERM`; empty for the image's or the default. */
  readonly stopSignal: string;
  readonly ports: readonly ContainerPort[];
  /** Security settings the runtime must honour or refuse. */
  readonly readOnlyRootFilesystem: boolean;
}

/** Which containers to list; all members that are given hold. */
export interface ContainerFilter {
  readonly id?: string | undefined;
  readonly sandboxId?: string | undefined;
  readonly podUid?: string | undefined;
  readonly state?: ContainerState | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

export interface ContainerStatus {
  readonly id: string;
  readonly sandboxId: string;
  readonly name: string;
  readonly attempt: number;
  readonly state: ContainerState;
  readonly createdAtMs: number;
  /** 0 before it started. */
  readonly startedAtMs: number;
  /** 0 before it ended. */
  readonly finishedAtMs: number;
  /** Of an exited container; 128 + signal number where a signal ended it. */
  readonly exitCode: number;
  readonly image: ImageSpec;
  /** Resolved reference, `repo@sha256:…`. */
  readonly imageRef: string;
  /** CamelCase, e.g. `Completed`, `Error`, `OOMKilled`, `ContainerStatusUnknown`; empty while running. */
  readonly reason: string;
  /** For people; e.g. the trap of a WebAssembly module. */
  readonly message: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  /** Absolute path of the current log file. */
  readonly logPath: string;
  readonly resources: ContainerResources;
}

/** What a container uses at a moment (CRI `ContainerStats`). */
export interface ContainerStats {
  readonly containerId: string;
  readonly timeMs: number;
  /** Cumulative CPU time, nanoseconds. */
  readonly cpuUsageNanoseconds: number;
  readonly memoryWorkingSetBytes: number;
  readonly memoryUsageBytes: number;
}
