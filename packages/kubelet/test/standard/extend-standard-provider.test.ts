import { adaptState, type MachineDefinition } from "@wherry/machine";
import { describe, expect, test } from "vitest";
import type { PodDescription } from "../../src/provider/pod-description.ts";
import {
  describeStandardPod,
  extendStandardProvider,
  type StandardPod,
  standardStates,
} from "../../src/standard/extend-standard-provider.ts";
import { KubeletHarness, podOf } from "../support/kubelet-harness.ts";

const edges = {
  registered: ["mounting", "refused", "stopping"],
  refused: ["stopping"],
  mounting: ["warming", "stopping"],
  warming: ["sandboxing", "stopping"],
  sandboxing: ["initializing", "stopping"],
  initializing: ["running", "restarting", "sandboxing", "stopping"],
  running: ["restarting", "sandboxing", "stopping"],
  restarting: ["initializing", "stopping"],
  stopping: ["releasing"],
  releasing: ["finished"],
  finished: [],
} as const;

interface Warmed {
  readonly pod: StandardPod;
  warmedAfter: string[];
}

const context = (own: Warmed) => own.pod;
/** The standard machine with a state of its own between mounting and sandboxing. */
const machine: MachineDefinition<typeof edges, Warmed, PodDescription> = {
  name: "warmed-pod",
  edges,
  initial: "registered",
  states: {
    registered: adaptState(standardStates.registered, { name: "registered", successors: {}, context }),
    refused: adaptState(standardStates.refused, { name: "refused", successors: {}, context }),
    mounting: adaptState(standardStates.mounting, { name: "mounting", successors: { sandboxing: "warming" }, context }),
    warming: {
      name: "warming",
      status: (own) => describeStandardPod(own.pod),
      async next(own) {
        own.pod.event({ type: "Normal", reason: "Warmed", message: `Warmed ${own.pod.pod.metadata?.name}` });
        return "sandboxing";
      },
    },
    sandboxing: adaptState(standardStates.sandboxing, { name: "sandboxing", successors: {}, context }),
    initializing: adaptState(standardStates.initializing, { name: "initializing", successors: {}, context }),
    running: adaptState(standardStates.running, { name: "running", successors: {}, context }),
    restarting: adaptState(standardStates.restarting, { name: "restarting", successors: {}, context }),
    stopping: adaptState(standardStates.stopping, { name: "stopping", successors: {}, context }),
    releasing: adaptState(standardStates.releasing, { name: "releasing", successors: {}, context }),
    finished: { name: "finished", next: async () => "done" },
  },
};

describe("extendStandardProvider()", () => {
  test("extendStandardProvider() takes pods through own states between the standard ones", async () => {
    const harness = new KubeletHarness({
      makeProvider: (options) =>
        extendStandardProvider(options, {
          name: "warmed",
          machine,
          stopping: "stopping",
          createContext: (pod) => ({ pod, warmedAfter: [] }),
          admit: (pod) =>
            pod.metadata?.name === "cold" ? { reason: "TooCold", message: "cannot be warmed" } : undefined,
          nodeDetails: (standard) => ({ ...standard, labels: { warm: "yes" } }),
        }),
    });
    harness.start();
    expect(await harness.provider.nodeDetails()).toMatchObject({
      labels: { warm: "yes" },
      runtimeVersion: "fake://1.0.0",
    });
    harness.runtime.script = () => ({ exitAfterMs: 1000 });
    harness.api.create(podOf("p", { restartPolicy: "Never" }));
    harness.api.create(podOf("cold"));
    await harness.settle();
    expect(harness.reasons("p").slice(0, 2)).toEqual(["Warmed", "Pulled"]);
    expect(harness.status("cold")).toMatchObject({ phase: "Failed", reason: "TooCold" });
    await harness.restart();
    expect(harness.status("p").phase).toBe("Running");
    await harness.advance(1000);
    expect(harness.status("p").phase).toBe("Succeeded");
    expect(harness.verbs().filter((verb) => verb === "startContainer")).toHaveLength(1);
    harness.api.delete("p");
    await harness.advance(1000);
    expect(harness.runtime.sandboxes.size).toBe(0);
    expect(harness.volumes.mounted.size).toBe(0);
    await harness.stop();
  });
});
