import type { Pod } from "@wherry/kubernetes";
import type { MachineDefinition } from "@wherry/machine";
import type { PodDescription } from "../../src/provider/pod-description.ts";
import type { PodHandle } from "../../src/provider/pod-handle.ts";
import type { PodRefusal, Provider } from "../../src/provider/provider.ts";

const edges = { living: ["ending"], ending: ["over"], over: [] } as const;
export type FaultyEdges = typeof edges;

/** Waits for an abort, as a state does that has nothing else to wait for. */
export function untilAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }),
  );
}

/** A provider that is faulty where a test says so, and whose pods live until they are told to end. */
export class FaultyProvider implements Provider<FaultyEdges, PodHandle> {
  readonly name = "faulty";
  readonly stopping = "ending" as const;
  live: (pod: PodHandle, signal: AbortSignal) => Promise<"ending"> = (_pod, signal) => untilAbort(signal);
  shown: () => PodDescription | undefined = () => undefined;
  admit: (pod: Pod) => PodRefusal | undefined = () => undefined;
  createContext: (pod: PodHandle) => PodHandle = (pod) => pod;
  nodeDetails = async () => ({ architecture: "none", runtimeVersion: "faulty://1" });
  readonly machine: MachineDefinition<FaultyEdges, PodHandle, PodDescription> = {
    name: "faulty",
    edges,
    initial: "living",
    states: {
      living: {
        name: "living",
        status: () => this.shown(),
        next: (pod, signal) => this.live(pod, signal),
      },
      ending: { name: "ending", next: async () => "over" },
      over: { name: "over", next: async () => "done" },
    },
  };
}
