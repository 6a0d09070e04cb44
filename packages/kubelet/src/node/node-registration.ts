import { Backoff, type Clock, errorMessage, type Logger } from "@wherry/base";
import { isAlreadyExists } from "@wherry/client";
import type { Node, NodeStatus } from "@wherry/kubernetes";
import type { NodeApi, NodeCallOptions } from "./node-api.ts";
import type { NodeTemplate } from "./node-template.ts";

/** Tells the attach/detach controller that it is to attach volumes to this node. */
export const managedAttachDetachAnnotation = "volumes.kubernetes.io/controller-managed-attach-detach";

const firstDelayMs = 100;
const maxDelayMs = 7_000;

export interface NodeRegistrationOptions {
  readonly api: NodeApi;
  readonly template: NodeTemplate;
  /** The status to create the node with. */
  readonly initialStatus: () => Promise<NodeStatus>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Makes sure the Node object exists and carries our labels and annotations; tries until it does or `signal` aborts, waiting
 * 100 ms after the first failure and twice as long after each other, up to 7 s.
 *
 * Also right for a node that exists: then only what differs is written, and taints are left alone.
 */
export async function registerNode(options: NodeRegistrationOptions, signal: AbortSignal): Promise<Node> {
  const { clock, logger, template } = options;
  const backoff = new Backoff({ initialMs: firstDelayMs, maxMs: maxDelayMs });
  for (;;) {
    try {
      return await tryRegister(options, { signal });
    } catch (error) {
      signal.throwIfAborted();
      const delayMs = backoff.next();
      logger.warn("Cannot register the node yet", {
        node: template.name,
        error: errorMessage(error),
        retryInMs: delayMs,
      });
      await clock.sleep(delayMs, signal);
    }
  }
}

async function tryRegister(options: NodeRegistrationOptions, call: NodeCallOptions): Promise<Node> {
  const { api, template, logger } = options;
  const existing = await api.getNode(call);
  if (existing !== undefined) return reconcile(options, existing, call);
  const node = nodeObject(template, await options.initialStatus());
  try {
    const created = await api.createNode(node, call);
    logger.info("Registered the node", { node: template.name });
    return created;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    // Somebody was faster, e.g. a cloud controller.
    const other = await api.getNode(call);
    if (other === undefined) throw error;
    return reconcile(options, other, call);
  }
}

function nodeObject(template: NodeTemplate, status: NodeStatus): Node {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: template.name,
      labels: { ...template.labels },
      annotations: { [managedAttachDetachAnnotation]: "true", ...template.annotations },
    },
    spec: {
      ...(template.taints.length > 0 && { taints: [...template.taints] }),
      ...(template.providerId !== undefined && { providerID: template.providerId }),
    },
    status,
  };
}

async function reconcile(options: NodeRegistrationOptions, node: Node, call: NodeCallOptions): Promise<Node> {
  const { api, template, logger } = options;
  const patch = reconcilePatch(node, template);
  if (patch === undefined) return node;
  const patched = await api.patchNode(patch, call);
  logger.info("Brought the existing node up to date", { node: template.name });
  return patched;
}

/** What must change in an existing node's metadata (and a missing provider ID), or undefined. */
export function reconcilePatch(node: Node, template: NodeTemplate): object | undefined {
  const labels = missing(node.metadata?.labels, template.labels);
  const annotations = missing(node.metadata?.annotations, {
    [managedAttachDetachAnnotation]: "true",
    ...template.annotations,
  });
  // The provider ID may be set once, never changed.
  const providerId = node.spec?.providerID ? undefined : template.providerId;
  if (labels === undefined && annotations === undefined && providerId === undefined) return undefined;
  return {
    ...((labels ?? annotations) !== undefined && {
      metadata: { ...(labels && { labels }), ...(annotations && { annotations }) },
    }),
    ...(providerId !== undefined && { spec: { providerID: providerId } }),
  };
}

function missing(
  present: Readonly<Record<string, string>> | undefined,
  wanted: Readonly<Record<string, string>>,
): Record<string, string> | undefined {
  const entries = Object.entries(wanted).filter(([key, value]) => present?.[key] !== value);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
