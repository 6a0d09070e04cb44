import type {
  ContainerConfig,
  ContainerFilter,
  ContainerResources,
  ContainerState,
  ContainerStats,
  ContainerStatus,
} from "./container.ts";
import type { AuthConfig, FilesystemUsage, Image, ImageSpec, ImageStatus, PullProgress } from "./image.ts";
import type {
  PodSandboxConfig,
  PodSandboxFilter,
  PodSandboxStatus,
  PodSandboxSummary,
  SandboxResources,
} from "./sandbox.ts";
import type { AttachRequest, ExecRequest, ExecSyncResult, StreamSession } from "./streaming.ts";

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface ExecSyncOptions extends CallOptions {
  /** Bytes of each stream that the caller has a use for; a runtime may drop what comes beyond. @default the runtime's own */
  readonly maxOutputBytes?: number | undefined;
}

export interface RuntimeVersion {
  /** Shown in `node.status.nodeInfo.containerRuntimeVersion` as `<name>://<version>`, and as scheme of container IDs. */
  readonly runtimeName: string;
  readonly runtimeVersion: string;
}

/** A term of the runtime's health, as CRI's `RuntimeCondition`. */
export interface RuntimeCondition {
  readonly type: "RuntimeReady" | "NetworkReady" | (string & {});
  readonly status: boolean;
  readonly reason: string;
  readonly message: string;
}

export interface RuntimeHandler {
  /** Empty for the default handler. */
  readonly name: string;
  readonly features: { readonly recursiveReadOnlyMounts: boolean; readonly userNamespaces: boolean };
}

/** Whether the runtime works, and the handlers it has (CRI `StatusResponse`). */
export interface RuntimeStatus {
  readonly conditions: readonly RuntimeCondition[];
  readonly handlers: readonly RuntimeHandler[];
}

export interface ContainerSummary {
  readonly id: string;
  readonly sandboxId: string;
  readonly name: string;
  readonly attempt: number;
  readonly state: ContainerState;
  readonly createdAtMs: number;
  /** Resolved reference of its image, `repo@sha256:…`. */
  readonly imageRef: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export type RuntimeEventType = "created" | "started" | "stopped" | "deleted";

/** Something happened to a container or (without `containerId`) to a sandbox; as CRI's `ContainerEventResponse`. */
export interface RuntimeEvent {
  readonly type: RuntimeEventType;
  readonly sandboxId: string;
  readonly containerId?: string;
  /** UID of the pod, from the sandbox's metadata. */
  readonly podUid: string;
  readonly timeMs: number;
}

/**
 * What runs pods: sandboxes, containers and images, with the verbs and meanings of CRI v1
 * (`k8s.io/cri-api`, `RuntimeService` and `ImageService`), so that a gRPC CRI client can implement it too.
 *
 * Every verb is safe to repeat. `stop…` and `remove…` of something that is gone succeed. A verb on an unknown ID otherwise
 * rejects with `RuntimeError` of code `NotFound`. Verbs of different sandboxes may run at the same time; the caller serialises
 * those of one. Implementations outlive their caller: after a restart of the kubelet, `list…` shows what goes on running.
 */
export interface Runtime {
  version(options?: CallOptions): Promise<RuntimeVersion>;
  status(options?: CallOptions): Promise<RuntimeStatus>;
  /**
   * Names the range of addresses for pods made from now on, IPv4 and IPv6 with `,` between them. Optional: without it the runtime
   * has its addresses from elsewhere. Rejects, and keeps what it has, where the node cannot have addresses of the range.
   */
  updateRuntimeConfig?(config: { readonly podCidr: string }, options?: CallOptions): Promise<void>;

  /** Creates and starts a sandbox; the answer is its ID. Leaves nothing behind when it rejects. */
  runPodSandbox(config: PodSandboxConfig, options?: CallOptions): Promise<string>;
  /** Stops all containers of the sandbox by force and gives its resources back, but remembers it. */
  stopPodSandbox(sandboxId: string, options?: CallOptions): Promise<void>;
  /** Forgets a sandbox and its containers; stops them by force where still running. */
  removePodSandbox(sandboxId: string, options?: CallOptions): Promise<void>;
  podSandboxStatus(sandboxId: string, options?: CallOptions): Promise<PodSandboxStatus>;
  listPodSandboxes(filter?: PodSandboxFilter, options?: CallOptions): Promise<PodSandboxSummary[]>;
  /**
   * Changes limits of a sandbox that is ready, as CRI's verb of that name; what is left out stays, for Kubernetes takes no limit away.
   * Rejects with `ResourceExhausted`, and changes nothing, where the containers use more memory than they would be left.
   */
  updatePodSandboxResources(sandboxId: string, resources: SandboxResources, options?: CallOptions): Promise<void>;

  /** Makes a container ready to start; the image must be present. The answer is its ID. */
  createContainer(sandboxId: string, config: ContainerConfig, options?: CallOptions): Promise<string>;
  startContainer(containerId: string, options?: CallOptions): Promise<void>;
  /** Sends the stop signal, waits up to `timeoutMs`, then kills; 0 kills at once. Resolves when it has exited. */
  stopContainer(containerId: string, timeoutMs: number, options?: CallOptions): Promise<void>;
  removeContainer(containerId: string, options?: CallOptions): Promise<void>;
  listContainers(filter?: ContainerFilter, options?: CallOptions): Promise<ContainerSummary[]>;
  containerStatus(containerId: string, options?: CallOptions): Promise<ContainerStatus>;
  updateContainerResources(containerId: string, resources: ContainerResources, options?: CallOptions): Promise<void>;
  /** Opens the log file anew at `logPath` after the caller moved the old one away. */
  reopenContainerLog(containerId: string, options?: CallOptions): Promise<void>;
  containerStats(containerId: string, options?: CallOptions): Promise<ContainerStats>;

  /**
   * Runs a command in a running container to its end; any exit code resolves. It is no container: no list and no event tells of it.
   *
   * Rejects with code `DeadlineExceeded` when it takes longer than `timeoutMs` (0 for no end), with the signal's reason, and with
   * `Unimplemented` where the runtime has no such notion; nothing of it runs on. With its container it is killed: the call rejects,
   * or answers exit code 137.
   */
  execSync(
    containerId: string,
    command: readonly string[],
    timeoutMs: number,
    options?: ExecSyncOptions,
  ): Promise<ExecSyncResult>;
  exec(request: ExecRequest, session: StreamSession, options?: CallOptions): Promise<void>;
  attach(request: AttachRequest, session: StreamSession, options?: CallOptions): Promise<void>;

  /**
   * Events from now on; never blocks the runtime: a consumer that falls behind may miss events and gets an `overflow` entry,
   * after which it must list. Ends when `signal` aborts or the runtime closes.
   */
  events(options?: CallOptions): AsyncIterable<RuntimeEvent | { readonly type: "overflow" }>;

  readonly images: ImageService;
}

/** The image verbs, as CRI's `ImageService`. */
export interface ImageService {
  /** Undefined when the image is not present. */
  imageStatus(spec: ImageSpec, options?: CallOptions): Promise<ImageStatus | undefined>;
  listImages(options?: CallOptions): Promise<Image[]>;
  /** Pulls whatever is missing; the answer is the image reference to use in `ContainerConfig.image` (`repo@sha256:…`). */
  pullImage(
    spec: ImageSpec,
    options?: CallOptions & {
      readonly auth?: AuthConfig | undefined;
      readonly onProgress?: ((progress: PullProgress) => void) | undefined;
    },
  ): Promise<string>;
  removeImage(spec: ImageSpec, options?: CallOptions): Promise<void>;
  imageFilesystemUsage(options?: CallOptions): Promise<FilesystemUsage[]>;
}
