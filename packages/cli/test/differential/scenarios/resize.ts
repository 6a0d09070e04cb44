import type { ContainerResizePolicy, ResourceRequirements } from "@wherry/kubernetes";
import type { PodSequence, Scenario, ScenarioContainer, Step } from "../scenario.ts";

/** Requests and limits alike. */
const amounts = (cpu: string, memory = "32Mi"): ResourceRequirements => ({
  requests: { cpu, memory },
  limits: { cpu, memory },
});
const burstable = (cpu: string, memory: string): ResourceRequirements => ({
  requests: { cpu, memory },
  limits: { cpu: "100m", memory: "64Mi" },
});
const restartFor = (resourceName: string): { readonly resizePolicy: ContainerResizePolicy[] } => ({
  resizePolicy: [{ resourceName, restartPolicy: "RestartContainer" }],
});
const held = (resources: ResourceRequirements, more: Partial<ScenarioContainer> = {}): ScenarioContainer => ({
  name: "main",
  program: ["hold"],
  resources,
  ...more,
});

const ready: Step = { condition: "Ready", status: "True" };
const done: readonly Step[] = [{ event: "ResizeCompleted" }, { resized: true }];

function resized(name: string, containers: readonly ScenarioContainer[], steps: readonly Step[]): Scenario {
  return { name, containers, spec: { restartPolicy: "Always" }, steps: [ready, ...steps], resources: true };
}

function resizedAsAWhole(name: string, container: ScenarioContainer): Scenario {
  const steps: readonly Step[] = [ready, { resize: {}, whole: amounts("60m", "64Mi") }, ...done];
  const spec = { restartPolicy: "Always", resources: amounts("40m", "64Mi") };
  return { ...resized(name, [container], steps), spec };
}

/** Pods that are given other resources while they run. */
export const resizeScenarios: readonly Scenario[] = [
  resized("resize-cpu-up", [held(amounts("20m"))], [{ resize: { main: amounts("40m") } }, ...done]),
  resized("resize-cpu-down", [held(amounts("40m"))], [{ resize: { main: amounts("20m") } }, ...done]),
  resized(
    "resize-requests-only",
    [held(burstable("10m", "8Mi"))],
    [{ resize: { main: burstable("30m", "16Mi") } }, ...done],
  ),
  resized(
    "resize-twice",
    [held(amounts("20m"))],
    [{ resize: { main: amounts("40m") } }, ...done, { resize: { main: amounts("20m") } }, ...done],
  ),
  resized(
    "resize-memory-in-place",
    [held(amounts("20m"))],
    [{ resize: { main: amounts("20m", "48Mi") } }, { event: "ResizeStarted" }],
  ),
  resized(
    "resize-memory-by-restart",
    [held(amounts("20m"), restartFor("memory"))],
    [{ resize: { main: amounts("20m", "48Mi") } }, { restarts: 1 }, ...done, ready],
  ),
  resized(
    "resize-cpu-by-restart",
    [held(amounts("20m"), restartFor("cpu"))],
    [{ resize: { main: amounts("40m") } }, { restarts: 1 }, ...done, ready],
  ),
  resized(
    "resize-cpu-where-memory-would-restart",
    [held(amounts("20m"), restartFor("memory"))],
    [{ resize: { main: amounts("40m") } }, ...done],
  ),
  resized(
    "resize-one-in-place-and-one-by-restart",
    [held(amounts("20m"), restartFor("cpu")), held(amounts("20m"), { name: "beside" })],
    [{ resize: { main: amounts("40m"), beside: amounts("10m") } }, { restarts: 1 }, ...done, ready],
  ),
  resizedAsAWhole("resize-of-the-pod", held(amounts("20m"))),
  resizedAsAWhole("resize-of-the-pod-restarts-what-has-no-limit", held({}, restartFor("cpu"))),
  resizedAsAWhole("resize-of-the-pod-leaves-what-has-a-limit", held(amounts("20m"), restartFor("cpu"))),
  resizedAsAWhole("resize-of-the-pod-and-a-request", held({ requests: { cpu: "10m" } }, restartFor("cpu"))),
  resizedAsAWhole("resize-of-the-pod-and-another-limit", held({ limits: { memory: "32Mi" } }, restartFor("cpu"))),
  resizedAsAWhole("resize-of-the-pod-in-another-way", held({}, restartFor("memory"))),
  {
    ...resized(
      "resize-while-it-waits-to-restart",
      [{ name: "main", program: ["sleep", "2500", "exit", "1"], resources: amounts("20m") }],
      [],
    ),
    steps: [{ waiting: "CrashLoopBackOff" }, { resize: { main: amounts("40m") } }, ...done, { restarts: 2 }],
    maxRestarts: 0,
  },
];

/**
 * A resize that waits until another pod makes room.
 *
 * @param cpuMillis what a node has for pods
 */
export function deferredResize(cpuMillis: number): PodSequence {
  const share = (hundredths: number) => amounts(`${Math.floor((cpuMillis * hundredths) / 100)}m`);
  return {
    name: "resize",
    pods: [
      { name: "neighbour", containers: [held(share(50))], steps: [{ phase: "Running" }] },
      resized(
        "deferred",
        [held(share(20))],
        [{ resize: { main: share(70) } }, { event: "ResizeDeferred" }, { removeOther: "resize-neighbour" }, ...done],
      ),
    ],
  };
}
