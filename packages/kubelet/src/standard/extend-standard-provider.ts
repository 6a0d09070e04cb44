import type { EdgeTable, MachineDefinition, State, StateName } from "@wherry/machine";
import type { NodeDetails } from "../provider/node-details.ts";
import type { PodDescription } from "../provider/pod-description.ts";
import type { PodRefusal, Provider, ProviderCallOptions } from "../provider/provider.ts";
import { describePod } from "./describe-pod.ts";
import type { PodContext } from "./pod-context.ts";
import type { PodEdges } from "./pod-machine.ts";
import { standardMachine } from "./standard-machine.ts";
import type { StandardProviderOptions } from "./standard-options.ts";
import { createStandardProvider } from "./standard-provider.ts";

/** A pod of the standard provider, as states beside the standard ones see it. Only the standard provider makes one. */
export type StandardPod = Pick<PodContext, "handle" | "pod" | "spec" | "logDirectory" | "event" | "container">;

/** The states of the standard provider one by one, to be fitted into other machines with `adaptState`. */
export const standardStates: {
  readonly [N in keyof PodEdges & string]: State<PodEdges, N, StandardPod, PodDescription>;
} = standardMachine.states as unknown as {
  readonly [N in keyof PodEdges & string]: State<PodEdges, N, StandardPod, PodDescription>;
};

/** What is different from the standard provider. */
export interface StandardExtension<E extends EdgeTable, Context> {
  /** For logs. */
  readonly name: string;
  /** Machine of a pod, of standard states (`standardStates`) and own ones. */
  readonly machine: MachineDefinition<E, Context, PodDescription>;
  /** As `Provider.stopping`; in most cases the standard state of that name. */
  readonly stopping: StateName<E>;
  /** What the own states share, around the standard states' part. Pure and quick. */
  createContext(pod: StandardPod): Context;
  /** Changes what the node says of itself. */
  nodeDetails?(standard: NodeDetails, options?: ProviderCallOptions): NodeDetails | Promise<NodeDetails>;
  /** Further reasons not to run a pod; asked once the standard provider has none. Pure and quick. */
  admit?(pod: PodContext["pod"]): PodRefusal | undefined;
}

/**
 * The standard provider with another machine, so that pods take further states between the standard ones and keep everything else:
 * images, restarts, probes, logs, exec, orphans.
 *
 * Order matters to the standard states as in `podEdges`: what `registered` finds, `mounting` and `sandboxing` need, and after `stopping`
 * comes `releasing`.
 */
export function extendStandardProvider<E extends EdgeTable, Context>(
  options: StandardProviderOptions,
  extension: StandardExtension<E, Context>,
): Provider<E, Context> {
  const standard = createStandardProvider(options);
  const { name, machine, stopping } = extension;
  const own: Partial<Provider<E, Context>> = {
    name,
    machine,
    stopping,
    createContext: (handle) => extension.createContext(standard.createContext(handle)),
    nodeDetails: async (call) => {
      const details = await standard.nodeDetails(call);
      return (await extension.nodeDetails?.(details, call)) ?? details;
    },
    admit: (pod) => standard.admit?.(pod) ?? extension.admit?.(pod),
  };
  // Whatever else a provider can do is the standard one's, and goes on to be called on it.
  const all = new Proxy<object>(standard, {
    get(target, key) {
      if (Object.hasOwn(own, key)) return Reflect.get(own, key);
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return all as Provider<E, Context>;
}

/** What the standard provider would publish of the pod now; undefined before `registered` has looked at it. For `status` of own states. */
export function describeStandardPod(pod: StandardPod): PodDescription | undefined {
  return describePod(pod as PodContext);
}
