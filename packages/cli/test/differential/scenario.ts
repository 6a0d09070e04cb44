import type { Container, PodSpec, ResourceRequirements } from "@wherry/kubernetes";

/**
 * A container by what it does: arguments of the workload kit, of the commands that `shellScript` knows.
 *
 * The command of a probe or hook that begins with "workload" is done as the program is. An image of its own stands for one that must not
 * run; the program is left out then. `{pod}` is the pod's name and `{registry}` the host of a registry, in every text of a scenario,
 * `{usr1-image}` the image that is stopped by SIGUSR1.
 */
export type ScenarioContainer = Partial<Container> & { readonly name: string; readonly program?: readonly string[] };

/** What is done, or waited for, next. */
export type Step =
  | { readonly phase: string }
  /** A container waits for that reason. */
  | { readonly waiting: string }
  /** A container has been started again as often. */
  | { readonly restarts: number }
  | { readonly condition: string; readonly status: "True" | "False" }
  | { readonly event: string }
  /** That container runs. */
  | { readonly started: string }
  /** That container has ended. */
  | { readonly terminated: string }
  /** Phase Succeeded or Failed. */
  | { readonly ended: true }
  | { readonly gone: true }
  /** Makes the ConfigMap of that name with the key "text". */
  | { readonly configMap: string }
  /** Makes or removes the file of that name in the emptyDir "state". */
  | { readonly make: string }
  | { readonly remove: string }
  /** Adds an ephemeral container to the pod. */
  | { readonly debug: ScenarioContainer }
  | { readonly setCondition: string; readonly status: "True" | "False" }
  /** Sets the pod's activeDeadlineSeconds. */
  | { readonly deadline: number }
  /** That file is in the emptyDir "state". */
  | { readonly made: string }
  /** Events of that reason have been counted as often. */
  | { readonly event: string; readonly count: number }
  /** Asks for other resources of containers, by name, and of the pod as a whole. */
  | { readonly resize: Readonly<Record<string, ResourceRequirements>>; readonly whole?: ResourceRequirements }
  /** No resize is pending or under way, and the status is that of the newest spec. */
  | { readonly resized: true }
  /** Another pod of the sequence ends. */
  | { readonly removeOther: string }
  /** Grace in seconds; the pod's own where undefined. */
  | { readonly delete: number | undefined };

/** A pod and what happens to it; the same for both nodes. */
export interface Scenario {
  readonly name: string;
  readonly containers: readonly ScenarioContainer[];
  readonly initContainers?: readonly ScenarioContainer[];
  /** Policy Never and a grace period of 5 s unless it says otherwise. */
  readonly spec?: Partial<Omit<PodSpec, "containers" | "initContainers">>;
  /** Whether it is a static pod, from a manifest on the node. @default one of the API */
  readonly static?: boolean;
  readonly steps: readonly Step[];
  /** Containers of which the logs are compared. */
  readonly logs?: readonly string[];
  /** Whether the pod's own message is compared. */
  readonly podMessage?: boolean;
  /** Whether messages of ended containers are compared. */
  readonly messages?: boolean;
  /** The part of the messages of waiting containers that is compared; the rest is the runtime's. */
  readonly waitingMessages?: RegExp;
  /** Whether it is compared which containers ended at least 2 s before which others. */
  readonly endOrder?: boolean;
  /** Whether it is compared how often which events are told, and in how many objects. */
  readonly eventCounts?: boolean;
  /** Whether resources, and what conditions and events say of resizes, are compared. */
  readonly resources?: boolean;
  /** Instances of a container after that many restarts are left out; for pods that restart until they are deleted. */
  readonly maxRestarts?: number;
}

/** A pod whose kubelet is away for a while, after its steps. */
export interface InterruptedScenario extends Scenario {
  /** Whether the pod is made when the kubelet is away; there are no steps before then. */
  readonly madeMeanwhile?: boolean;
  /** What happens while the kubelet is away. */
  readonly meanwhile?: readonly Step[];
  /** What happens once it is back. */
  readonly afterwards: readonly Step[];
}

/** Pods that come to a node one after another, each when the one before is where its steps lead. */
export interface PodSequence {
  /** Stands before the names of its pods. */
  readonly name: string;
  readonly pods: readonly Scenario[];
}
