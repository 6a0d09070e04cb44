import type { NodeAddress, Taint } from "@wherry/kubernetes";

/** What the node says about itself; getters answer the present value and never block. */
export interface NodeFacts {
  readonly nodeName: string;
  /** UID of the Node object; undefined before registration. */
  readonly nodeUid: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly addresses: readonly NodeAddress[];
  /** Internal addresses, primary first. */
  readonly hostIps: readonly string[];
  /** Quantities, e.g. `cpu`, `memory`, `pods`, extended resources. */
  readonly allocatable: Readonly<Record<string, string>>;
  readonly operatingSystem: string;
}
