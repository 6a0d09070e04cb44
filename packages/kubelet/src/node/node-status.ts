import {
  type ContainerImage,
  formatApiTime,
  type Node,
  type NodeAddress,
  type NodeRuntimeHandler,
  type NodeStatus,
} from "@wherry/kubernetes";
import type { MachineFacts } from "./machine-facts.ts";
import { type ConditionChange, type NodePressure, nodeConditions } from "./node-conditions.ts";
import { type NodeResourceOptions, nodeResources } from "./node-resources.ts";

/** Everything a node's status is computed from; facts only, read by the caller. */
export interface NodeStatusInputs {
  readonly facts: MachineFacts;
  readonly addresses: readonly NodeAddress[];
  readonly resources: NodeResourceOptions;
  /** Capacity beside or in place of what the machine has; quantities. */
  readonly providedCapacity?: Readonly<Record<string, string>> | undefined;
  readonly pressure: NodePressure;
  /** Messages of what keeps the node from being ready. */
  readonly unhealthy: readonly string[];
  readonly images: readonly ContainerImage[];
  readonly runtimeHandlers: readonly NodeRuntimeHandler[];
  /** `<name>://<version>`. */
  readonly containerRuntimeVersion: string;
  readonly kubeletVersion: string;
  readonly architecture: string;
  /** Port of the node's HTTPS API; undefined while there is none. */
  readonly kubeletPort?: number | undefined;
  readonly volumesInUse?: readonly string[] | undefined;
  readonly declaredFeatures?: readonly string[] | undefined;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

/**
 * The status the node should have, given its present one; fields owned by others (`volumesAttached`, foreign conditions,
 * `config`) are kept. Pure.
 */
export function computeNodeStatus(
  current: NodeStatus,
  inputs: NodeStatusInputs,
): { readonly status: NodeStatus; readonly changes: readonly ConditionChange[] } {
  const { facts } = inputs;
  const { capacity, allocatable } = nodeResources(facts, inputs.resources, inputs.providedCapacity);
  // Extended resources of a kubelet that ran here before must read 0 (not vanish) until their device plug-in is back.
  for (const name of Object.keys(current.capacity ?? {})) {
    if (name in capacity || !name.includes("/")) continue;
    capacity[name] = "0";
    allocatable[name] = "0";
  }
  const { conditions, changes } = nodeConditions(current.conditions ?? [], {
    pressure: inputs.pressure,
    unhealthy: inputs.unhealthy,
    capacity,
    now: formatApiTime(inputs.nowMs),
  });
  const status: NodeStatus = {
    ...current,
    addresses: [...inputs.addresses],
    allocatable,
    capacity,
    conditions,
    daemonEndpoints: inputs.kubeletPort === undefined ? {} : { kubeletEndpoint: { Port: inputs.kubeletPort } },
    images: [...inputs.images],
    nodeInfo: {
      architecture: inputs.architecture,
      bootID: facts.bootId,
      containerRuntimeVersion: inputs.containerRuntimeVersion,
      kernelVersion: facts.kernelVersion,
      kubeProxyVersion: "",
      kubeletVersion: inputs.kubeletVersion,
      machineID: facts.machineId,
      operatingSystem: facts.operatingSystem,
      osImage: facts.osImage,
      systemUUID: facts.systemUuid,
      ...(facts.swapBytes > 0 && { swap: { capacity: facts.swapBytes } }),
    },
    runtimeHandlers: [...inputs.runtimeHandlers],
    volumesInUse: [...(inputs.volumesInUse ?? [])],
    declaredFeatures: [...(inputs.declaredFeatures ?? [])].sort(),
  };
  return { status, changes };
}

/** Whether the boot the node reported last is another than the present one. */
export function rebooted(current: Node, facts: MachineFacts): boolean {
  const reported = current.status?.nodeInfo?.bootID ?? "";
  return reported !== "" && facts.bootId !== "" && reported !== facts.bootId;
}
