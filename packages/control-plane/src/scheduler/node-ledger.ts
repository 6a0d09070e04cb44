import { isRestartableInitContainer, type Node, type Pod } from "@wherry/kubernetes";
import { type Amounts, addAmounts, amountsOf, heldRequests } from "./pod-requests.ts";

/** What the scheduler knows of a node: the object and what its pods ask for. */
export class NodeEntry {
  node: Node;
  allocatable: Amounts;
  readonly requested: Amounts = new Map();
  /** Pods on the node by key, with what each asks for. */
  readonly pods: Map<string, Holding> = new Map();

  constructor(node: Node) {
    this.node = node;
    this.allocatable = amountsOf(node.status?.allocatable);
  }
}

interface Holding {
  readonly requests: Amounts;
  readonly hostPorts: readonly string[];
}

/** Nodes and what is taken of them, kept up to date from the events of both. */
export class NodeLedger {
  readonly #nodes: Map<string, NodeEntry> = new Map();
  /** Node of each pod that counts, also of pods whose node is not known (yet). */
  readonly #podNodes: Map<string, string> = new Map();
  readonly #waiting: Map<string, Map<string, Holding>> = new Map();

  get entries(): readonly NodeEntry[] {
    return [...this.#nodes.values()];
  }

  setNode(name: string, node: Node): void {
    const known = this.#nodes.get(name);
    if (known !== undefined) {
      known.node = node;
      known.allocatable = amountsOf(node.status?.allocatable);
      return;
    }
    const entry = new NodeEntry(node);
    this.#nodes.set(name, entry);
    for (const [key, holding] of this.#waiting.get(name) ?? []) take(entry, key, holding);
    this.#waiting.delete(name);
  }

  removeNode(name: string): void {
    const entry = this.#nodes.get(name);
    if (entry === undefined) return;
    this.#nodes.delete(name);
    if (entry.pods.size > 0) this.#waiting.set(name, new Map(entry.pods));
  }

  /**
   * Counts `pod` on its node from now on; pods that have ended, and pods without a node, are not counted.
   *
   * @returns whether others have more room now
   */
  setPod(key: string, pod: Pod): boolean {
    const nodeName = pod.spec?.nodeName;
    const phase = pod.status?.phase;
    const before = this.#remove(key);
    if (!nodeName || phase === "Succeeded" || phase === "Failed") return before !== undefined;
    this.#podNodes.set(key, nodeName);
    const holding: Holding = { requests: heldRequests(pod), hostPorts: hostPortsOf(pod) };
    const entry = this.#nodes.get(nodeName);
    if (entry !== undefined) take(entry, key, holding);
    else this.#waiting.set(nodeName, (this.#waiting.get(nodeName) ?? new Map()).set(key, holding));
    return [...(before?.requests ?? [])].some(([name, amount]) => amount > (holding.requests.get(name) ?? 0));
  }

  removePod(key: string): void {
    this.#remove(key);
  }

  /** What the pod had, where it was counted. */
  #remove(key: string): Holding | undefined {
    const nodeName = this.#podNodes.get(key);
    if (nodeName === undefined) return undefined;
    this.#podNodes.delete(key);
    const waiting = this.#waiting.get(nodeName);
    const entry = this.#nodes.get(nodeName);
    const holding = waiting?.get(key) ?? entry?.pods.get(key);
    waiting?.delete(key);
    if (holding !== undefined && entry?.pods.delete(key)) addAmounts(entry.requested, holding.requests, -1);
    return holding;
  }
}

function take(entry: NodeEntry, key: string, holding: Holding): void {
  entry.pods.set(key, holding);
  addAmounts(entry.requested, holding.requests);
}

/** Host ports a pod takes, as `PROTOCOL/ADDRESS/PORT`; init containers that end take none. */
export function hostPortsOf({ spec }: Pod): readonly string[] {
  const sidecars = (spec?.initContainers ?? []).filter(isRestartableInitContainer);
  return [...sidecars, ...(spec?.containers ?? [])].flatMap((container) =>
    (container.ports ?? [])
      .filter((port) => port.hostPort)
      .map((port) => `${port.protocol ?? "TCP"}/${port.hostIP || "0.0.0.0"}/${port.hostPort}`),
  );
}
