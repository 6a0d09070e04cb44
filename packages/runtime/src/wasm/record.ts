import type { ContainerConfig, ContainerState } from "../container.ts";
import type { PodSandboxConfig, SandboxState } from "../sandbox.ts";

/** What the runtime remembers of a sandbox across restarts. */
export interface SandboxRecord {
  readonly id: string;
  readonly config: PodSandboxConfig;
  /** Addresses of its own while it is ready; records of earlier versions have none. */
  readonly ips?: readonly string[] | undefined;
  readonly createdAtMs: number;
  readonly state: SandboxState;
}

/** What the runtime remembers of a container across restarts. */
export interface ContainerRecord {
  readonly id: string;
  readonly sandboxId: string;
  readonly config: ContainerConfig;
  /** `repo@sha256:…` of the image the container was made from. */
  readonly imageRef: string;
  readonly createdAtMs: number;
  readonly state: ContainerState;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
}
