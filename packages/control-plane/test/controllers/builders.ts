import type { Deployment, Pod, PodStatus, ReplicaSet } from "@wherry/kubernetes";

export const nowMs = Date.parse("2026-01-02T00:00:00Z");

/** The API time `secondsAgo` before now. */
export const ago = (secondsAgo: number): string => `${new Date(nowMs - secondsAgo * 1000).toISOString().slice(0, 19)}Z`;

export interface PodFacts {
  readonly node?: string;
  readonly phase?: string;
  /** How long ago it became ready; not ready without. */
  readonly readyFor?: number;
  readonly restarts?: number;
  readonly age?: number;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly finalizers?: string[];
  readonly going?: boolean;
  readonly exit?: { readonly code: number; readonly secondsAgo: number };
  readonly conditions?: PodStatus["conditions"];
}

export function podNamed(name: string, facts: PodFacts = {}): Pod {
  const { node, readyFor, restarts = 0, age = 100, labels, annotations, finalizers, going, exit } = facts;
  return {
    metadata: {
      name,
      namespace: "default",
      uid: `uid-${name}`,
      creationTimestamp: ago(age),
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ...(finalizers && { finalizers }),
      ...(going && { deletionTimestamp: ago(0), deletionGracePeriodSeconds: 0 }),
    },
    spec: { containers: [{ name: "main" }], ...(node && { nodeName: node }) },
    status: {
      phase: facts.phase ?? (readyFor === undefined ? "Pending" : "Running"),
      conditions: [
        ...(readyFor === undefined ? [] : [{ type: "Ready", status: "True", lastTransitionTime: ago(readyFor) }]),
        ...(facts.conditions ?? []),
      ],
      containerStatuses: [
        {
          name: "main",
          image: "",
          imageID: "",
          ready: readyFor !== undefined,
          restartCount: restarts,
          ...(exit && { state: { terminated: { exitCode: exit.code, finishedAt: ago(exit.secondsAgo) } } }),
        },
      ],
    },
  };
}

export function replicaSetNamed(
  name: string,
  replicas: number,
  available: number,
  annotations: Record<string, string> = {},
): ReplicaSet {
  return {
    metadata: { name, uid: name, creationTimestamp: ago(100), annotations, generation: 1 },
    spec: { replicas, selector: {} },
    status: { replicas, availableReplicas: available, observedGeneration: 1 },
  };
}

export function deploymentWith(
  replicas: number,
  maxSurge: number | string,
  maxUnavailable: number | string,
): Deployment {
  return {
    metadata: { name: "d", generation: 1 },
    spec: {
      replicas,
      selector: {},
      template: {},
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } },
    },
  };
}
