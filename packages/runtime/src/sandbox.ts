export type SandboxState = "ready" | "not-ready";

/** Identity of a sandbox as its creator sees it; as CRI's `PodSandboxMetadata`. */
export interface PodSandboxMetadata {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  /** Number of sandboxes the pod had before this one. */
  readonly attempt: number;
}

/** A port that a container of the pod declares. */
export interface PortMapping {
  readonly protocol: "TCP" | "UDP" | "SCTP";
  readonly containerPort: number;
  /** Port on the node that leads to it; 0 for none. */
  readonly hostPort: number;
  readonly hostIp: string;
}

export interface DnsConfig {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

/** Limits that hold for all containers of a sandbox together; undefined for none. */
export interface SandboxResources {
  readonly cpuLimitMillis?: number | undefined;
  readonly memoryLimitBytes?: number | undefined;
}

/** A sandbox to be made (CRI `PodSandboxConfig`). */
export interface PodSandboxConfig {
  readonly metadata: PodSandboxMetadata;
  readonly hostname: string;
  /** Directory for the containers' log files; the runtime creates it. */
  readonly logDirectory: string;
  /** Name from `RuntimeClass.handler`; empty for the default. */
  readonly runtimeHandler: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly hostNetwork: boolean;
  readonly portMappings: readonly PortMapping[];
  readonly dns?: DnsConfig | undefined;
  /** Parent control group below the node's root, e.g. `/wherry/burstable/pod<uid>`; unset where groups are not used. */
  readonly cgroupParent?: string | undefined;
  /** Limits that hold for all containers together. */
  readonly resources?: SandboxResources | undefined;
}

export interface PodSandboxStatus {
  readonly id: string;
  readonly metadata: PodSandboxMetadata;
  readonly state: SandboxState;
  readonly createdAtMs: number;
  /** Addresses of the pod, first one primary; empty while it shares the node's. */
  readonly ips: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly runtimeHandler: string;
  /** What it has now; undefined where the runtime does not tell. */
  readonly resources?: SandboxResources | undefined;
}

export interface PodSandboxSummary {
  readonly id: string;
  readonly metadata: PodSandboxMetadata;
  readonly state: SandboxState;
  readonly createdAtMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly runtimeHandler: string;
}

/** Which sandboxes to list; all members that are given hold. */
export interface PodSandboxFilter {
  readonly id?: string | undefined;
  readonly podUid?: string | undefined;
  readonly state?: SandboxState | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}
