import type { NodeRuntimeHandler, Taint } from "@wherry/kubernetes";

/** What a provider says about the node it makes; read once at start-up and after a registration. */
export interface NodeDetails {
  /** Value of the `kubernetes.io/arch` label and of `nodeInfo.architecture`, e.g. `wasm32-wasi`. */
  readonly architecture: string;
  /** Value of the `kubernetes.io/os` label and of `nodeInfo.operatingSystem`. @default "linux" */
  readonly operatingSystem?: string | undefined;
  /** `nodeInfo.containerRuntimeVersion`, `<name>://<version>`. */
  readonly runtimeVersion: string;
  /** More labels; configured ones win. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Taints set when the node is first registered. */
  readonly taints?: readonly Taint[] | undefined;
  /** `status.runtimeHandlers`. */
  readonly runtimeHandlers?: readonly NodeRuntimeHandler[] | undefined;
  /** Features of upstream's registry of declared node features that the provider really has, for `status.declaredFeatures`. */
  readonly declaredFeatures?: readonly string[] | undefined;
  /** Capacity beside or in place of what the machine has; quantities. */
  readonly capacity?: Readonly<Record<string, string>> | undefined;
}

/** One term of the node's readiness; the node is Ready while every term of every contributor is healthy. */
export interface HealthTerm {
  /** Who speaks, e.g. `runtime`, `network`, `sync-loop`. */
  readonly name: string;
  readonly healthy: boolean;
  /** Shown in the message of the Ready condition while unhealthy. */
  readonly message: string;
}
