import type { Clock, Logger } from "@wherry/base";
import type { KubernetesClient } from "@wherry/client";
import type { NodeAddress } from "@wherry/kubernetes";
import type { EdgeTable } from "@wherry/machine";
import type { Image } from "@wherry/runtime";
import type { ResolvedConfiguration } from "./configuration/resolve-configuration.ts";
import type { CredentialProvidersFactory } from "./credentials/credential-providers.ts";
import type { ImageAccess } from "./images/image-access.ts";
import type { NodePlatform } from "./node/node-labels.ts";
import type { PullSecrets } from "./objects/pull-secrets.ts";
import type { EnvironmentResolver } from "./ports/environment.ts";
import type { EventRecorder } from "./ports/event-recorder.ts";
import type { LogFiles } from "./ports/log-files.ts";
import type { NodeFacts } from "./ports/node-facts.ts";
import type { ObjectCache } from "./ports/object-cache.ts";
import type { RuntimeClasses } from "./ports/runtime-classes.ts";
import type { VolumeManager } from "./ports/volume-manager.ts";
import type { Provider } from "./provider/provider.ts";
import type { TerminationLogs } from "./volumes/termination-log.ts";

/** What the kubelet offers to its provider; a provider uses what it needs. */
export interface KubeletServices {
  readonly node: NodeFacts;
  readonly events: EventRecorder;
  readonly objects: ObjectCache;
  readonly volumes: VolumeManager;
  readonly environment: EnvironmentResolver;
  readonly runtimeClasses: RuntimeClasses;
  readonly pullSecrets: PullSecrets;
  readonly imageAccess: ImageAccess;
  readonly terminationLogs: TerminationLogs;
  readonly podLogsDirectory: string;
  readonly logFiles: LogFiles;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
}

export interface KubeletOptions<E extends EdgeTable, Context> {
  /** Client with the node's identity; lanes of it carry heartbeats and events. Stays the caller's to close. */
  readonly client: KubernetesClient;
  readonly nodeName: string;
  /** Makes the provider from what the kubelet offers; called once. */
  readonly provider: (services: KubeletServices) => Provider<E, Context>;
  readonly configuration: ResolvedConfiguration;
  /** `--root-dir`; created if missing. */
  readonly rootDirectory: string;
  /** `--cert-dir`, for the self-signed serving certificate. */
  readonly certDirectory: string;
  /** Directory of this kubelet alone on a memory file system, for secrets and `emptyDir` of medium `Memory`. @default none */
  readonly memoryDirectory?: string | undefined;
  /** Where links to container logs are made for log shippers, e.g. `/var/log/containers`. @default none */
  readonly containerLogsDirectory?: string | undefined;
  readonly addresses: readonly NodeAddress[];
  /** Labels, architecture and taints of the node, over what the provider says. */
  readonly platform?: NodePlatform | undefined;
  /** `--node-labels`. */
  readonly nodeLabels?: Readonly<Record<string, string>> | undefined;
  /** Images present, for the node's status. */
  readonly images?: ((options: { readonly signal?: AbortSignal | undefined }) => Promise<readonly Image[]>) | undefined;
  /** Makes the credential provider plug-ins; called once. @default none */
  readonly credentialProviders?: CredentialProvidersFactory | undefined;
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
  /** @default Math.random */
  readonly random?: (() => number) | undefined;
}
