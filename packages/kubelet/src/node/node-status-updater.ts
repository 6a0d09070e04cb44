import { type Clock, errorMessage, type Logger } from "@wherry/base";
import type { Node, NodeStatus } from "@wherry/kubernetes";
import type { EventRecorder } from "../ports/event-recorder.ts";
import type { NodeApi, NodeCallOptions } from "./node-api.ts";
import { computeNodeStatus, type NodeStatusInputs, rebooted } from "./node-status.ts";
import { nodeStatusChanged, nodeStatusPatch } from "./node-status-patch.ts";

const triesPerUpdate = 5;
const updateJitter = 0.04;

export interface NodeStatusUpdaterOptions {
  readonly api: NodeApi;
  /** Reads what the status is computed from; called for every update. */
  readonly inputs: (signal?: AbortSignal) => Promise<NodeStatusInputs>;
  /** Registers the node anew after somebody deleted it; unset where registration is off. */
  readonly register?: ((signal: AbortSignal) => Promise<Node>) | undefined;
  /** Told of every Node object read or written. */
  readonly onNode: (node: Node) => void;
  readonly events: EventRecorder;
  readonly nodeName: string;
  /** `nodeStatusUpdateFrequency`: how often the status is computed. */
  readonly updateEveryMs: number;
  /** `nodeStatusReportFrequency`: how often an unchanged status is written. */
  readonly reportEveryMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
}

/**
 * Keeps `node.status` true: computes it every `updateEveryMs` and writes it when it changed in more than heartbeat times, or when
 * `reportEveryMs` passed since the last write.
 */
export class NodeStatusUpdater {
  readonly #options: NodeStatusUpdaterOptions;
  #reportedAtMs: number | undefined;
  #wake: (() => void) | undefined;
  #triggered = false;
  #reportedBootId: string | undefined;

  constructor(options: NodeStatusUpdaterOptions) {
    this.#options = options;
  }

  /** Asks for an update now, e.g. because a health term changed; many calls before it runs are one. */
  trigger(): void {
    this.#triggered = true;
    this.#wake?.();
  }

  /** Updates until `signal` aborts; failures are logged and tried again, never thrown. */
  async run(signal: AbortSignal): Promise<void> {
    const { updateEveryMs, random } = this.#options;
    while (!signal.aborted) {
      this.#triggered = false;
      await this.update(signal);
      if (signal.aborted) return;
      await this.#pause(updateEveryMs * (1 + updateJitter * random()), signal);
    }
  }

  /** One update with up to 5 tries; answers whether it succeeded. */
  async update(signal: AbortSignal): Promise<boolean> {
    const { logger, nodeName } = this.#options;
    for (let attempt = 0; attempt < triesPerUpdate; attempt++) {
      try {
        // The first read may come from the API server's cache; after a failure only the truth helps.
        await this.#tryUpdate({ signal, cached: attempt === 0 });
        return true;
      } catch (error) {
        if (signal.aborted) return false;
        logger.warn("Cannot update the node's status", {
          node: nodeName,
          attempt: attempt + 1,
          error: errorMessage(error),
        });
      }
    }
    logger.error("Gave up updating the node's status until the next round", { node: nodeName });
    return false;
  }

  async #tryUpdate(call: NodeCallOptions & { readonly signal: AbortSignal; readonly cached: boolean }): Promise<void> {
    const { api, clock, onNode } = this.#options;
    const node = await this.#currentNode(call);
    if (node === undefined) return;
    onNode(node);
    const current: NodeStatus = node.status ?? {};
    const inputs = await this.#options.inputs(call.signal);
    const { status, changes } = computeNodeStatus(current, inputs);
    if (!nodeStatusChanged(current, status) && !this.#reportDue()) return;
    const patch = nodeStatusPatch(current, status);
    if (patch !== undefined) onNode(await api.patchNodeStatus(patch, { signal: call.signal }));
    this.#reportedAtMs = clock.monotonic();
    if (rebooted(node, inputs.facts) && this.#reportedBootId !== inputs.facts.bootId) {
      this.#reportedBootId = inputs.facts.bootId;
      const message = `Node ${this.#options.nodeName} has been rebooted, boot id: ${inputs.facts.bootId}`;
      this.#options.events.event({ kind: "Node", node }, { type: "Warning", reason: "Rebooted", message });
    }
    for (const { reason } of changes) {
      const message = `Node ${this.#options.nodeName} status is now: ${reason}`;
      this.#options.events.event({ kind: "Node", node }, { type: "Normal", reason, message });
    }
  }

  async #currentNode(call: NodeCallOptions & { readonly signal: AbortSignal; readonly cached: boolean }) {
    const { api, register, logger, nodeName } = this.#options;
    const node = await api.getNode(call);
    if (node !== undefined) return node;
    if (register === undefined) {
      logger.warn("The node does not exist and registration is off; waiting for somebody to create it", {
        node: nodeName,
      });
      return undefined;
    }
    logger.warn("The node's object is gone; registering anew", { node: nodeName });
    return register(call.signal);
  }

  #reportDue(): boolean {
    const { clock, reportEveryMs } = this.#options;
    return this.#reportedAtMs === undefined || clock.monotonic() - this.#reportedAtMs >= reportEveryMs;
  }

  #pause(delayMs: number, signal: AbortSignal): Promise<void> {
    if (this.#triggered) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        signal.removeEventListener("abort", done);
        this.#wake = undefined;
        resolve();
      };
      const cancel = this.#options.clock.setTimer(delayMs, done);
      signal.addEventListener("abort", done, { once: true });
      this.#wake = done;
    });
  }
}
