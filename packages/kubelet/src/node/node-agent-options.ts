import type { Clock, Logger } from "@wherry/base";
import type { NodeAddress, Taint } from "@wherry/kubernetes";
import type { Image } from "@wherry/runtime";
import type { EventRecorder } from "../ports/event-recorder.ts";
import type { HealthTerm } from "../provider/node-details.ts";
import type { Provider } from "../provider/provider.ts";
import type { MachineFacts } from "./machine-facts.ts";
import type { NodeApi } from "./node-api.ts";
import type { NodePressure } from "./node-conditions.ts";
import type { NodePlatform } from "./node-labels.ts";
import type { NodeResourceOptions } from "./node-resources.ts";

/** What a `NodeAgent` is made of. */
export interface NodeAgentOptions {
  readonly nodeName: string;
  /** From `readInstanceId`; tells our restart from another kubelet of the same name. */
  readonly instanceId: string;
  readonly api: NodeApi;
  /** Says what the node is and whether it is healthy. */
  readonly provider: Pick<Provider<never, never>, "nodeDetails" | "health" | "podCidrChanged">;
  /** Images present, for the status; none where unset. */
  readonly images?: ((options: { readonly signal?: AbortSignal | undefined }) => Promise<readonly Image[]>) | undefined;
  readonly events: EventRecorder;
  /** Wins over what the provider says of architecture, operating system and taints. */
  readonly platform?: NodePlatform | undefined;
  /** `--node-labels`; win over the provider's. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** `registerWithTaints`; those of platform or provider are added. */
  readonly taints?: readonly Taint[] | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly providerId?: string | undefined;
  /** @default true */
  readonly register?: boolean | undefined;
  readonly machineFacts: () => Promise<MachineFacts>;
  readonly addresses: () => readonly NodeAddress[];
  readonly resources: NodeResourceOptions;
  /** Which resources are short; none without an eviction manager. */
  readonly pressure?: (() => NodePressure) | undefined;
  /** Terms of readiness beside the provider's, asked at every update; must not block. */
  readonly healthTerms?: (() => readonly HealthTerm[]) | undefined;
  readonly volumesInUse?: (() => readonly string[]) | undefined;
  /** Features this kubelet really has, of upstream's registry of declared node features. */
  readonly declaredFeatures?: readonly string[] | undefined;
  /** Port the node's HTTPS API is served at. */
  readonly kubeletPort: () => number | undefined;
  readonly statusUpdateEveryMs: number;
  readonly statusReportEveryMs: number;
  readonly statusMaxImages: number;
  readonly leaseDurationSeconds: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
}
