import type { NodeCondition } from "@wherry/kubernetes";

/** Which resources are short, as the eviction manager sees it. */
export interface NodePressure {
  readonly memory: boolean;
  readonly disk: boolean;
  readonly pid: boolean;
}

export interface NodeConditionInputs {
  readonly pressure: NodePressure;
  /** Messages of what keeps the node from being ready. */
  readonly unhealthy: readonly string[];
  readonly capacity: Readonly<Record<string, string>>;
  /** RFC 3339, whole seconds. */
  readonly now: string;
}

/** A change that deserves an event on the node, e.g. `NodeReady`. */
export interface ConditionChange {
  readonly reason: string;
}

export interface NodeConditions {
  readonly conditions: NodeCondition[];
  readonly changes: readonly ConditionChange[];
}

interface PressureKind {
  readonly type: string;
  readonly of: (pressure: NodePressure) => boolean;
  readonly under: { readonly reason: string; readonly message: string; readonly event: string };
  readonly relieved: { readonly reason: string; readonly message: string; readonly event: string };
}

const pressureKinds: readonly PressureKind[] = [
  {
    type: "MemoryPressure",
    of: (pressure) => pressure.memory,
    under: {
      reason: "KubeletHasInsufficientMemory",
      message: "kubelet has insufficient memory available",
      event: "NodeHasInsufficientMemory",
    },
    relieved: {
      reason: "KubeletHasSufficientMemory",
      message: "kubelet has sufficient memory available",
      event: "NodeHasSufficientMemory",
    },
  },
  {
    type: "DiskPressure",
    of: (pressure) => pressure.disk,
    under: { reason: "KubeletHasDiskPressure", message: "kubelet has disk pressure", event: "NodeHasDiskPressure" },
    relieved: {
      reason: "KubeletHasNoDiskPressure",
      message: "kubelet has no disk pressure",
      event: "NodeHasNoDiskPressure",
    },
  },
  {
    type: "PIDPressure",
    of: (pressure) => pressure.pid,
    under: {
      reason: "KubeletHasInsufficientPID",
      message: "kubelet has insufficient PID available",
      event: "NodeHasInsufficientPID",
    },
    relieved: {
      reason: "KubeletHasSufficientPID",
      message: "kubelet has sufficient PID available",
      event: "NodeHasSufficientPID",
    },
  },
];

const requiredCapacity = ["cpu", "memory", "pods", "ephemeral-storage"];

/**
 * The node's conditions in the upstream order (MemoryPressure, DiskPressure, PIDPressure, others' conditions, Ready last) and
 * what changed against `previous`.
 *
 * A transition time moves only when the status flips; conditions owned by others are kept as they are.
 */
export function nodeConditions(previous: readonly NodeCondition[], inputs: NodeConditionInputs): NodeConditions {
  const before = new Map(previous.map((condition) => [condition.type, condition]));
  const changes: ConditionChange[] = [];
  const next = (type: string, status: string, reason: string, message: string, event: string): NodeCondition => {
    const old = before.get(type);
    const flipped = old?.status !== status;
    if (flipped) changes.push({ reason: event });
    return {
      type,
      status,
      lastHeartbeatTime: inputs.now,
      lastTransitionTime: flipped ? inputs.now : (old?.lastTransitionTime ?? inputs.now),
      reason,
      message,
    };
  };
  const own = pressureKinds.map((kind) => {
    const holds = kind.of(inputs.pressure);
    const words = holds ? kind.under : kind.relieved;
    return next(kind.type, holds ? "True" : "False", words.reason, words.message, words.event);
  });
  const problems = readyProblems(inputs);
  const ready =
    problems.length === 0
      ? next("Ready", "True", "KubeletReady", "kubelet is posting ready status", "NodeReady")
      : next("Ready", "False", "KubeletNotReady", joined(problems), "NodeNotReady");
  const ownTypes = new Set([...own.map((condition) => condition.type), "Ready"]);
  const foreign = previous.filter((condition) => !ownTypes.has(condition.type));
  return { conditions: [...own, ...foreign, ready], changes };
}

function readyProblems(inputs: NodeConditionInputs): string[] {
  const missing = requiredCapacity.filter((name) => inputs.capacity[name] === undefined);
  const problems = [...new Set(inputs.unhealthy)];
  if (missing.length > 0) problems.push(`missing node capacity for resources: ${missing.join(", ")}`);
  return problems;
}

/** One message as it is, several in brackets, as Go's aggregate errors print. */
function joined(messages: readonly string[]): string {
  return messages.length === 1 ? (messages[0] ?? "") : `[${messages.join(", ")}]`;
}
