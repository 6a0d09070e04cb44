import { rm } from "node:fs/promises";
import { join } from "node:path";
import { resources } from "@wherry/client";
import { type Pod, parseQuantity, quantityMilliValue, type Taint } from "@wherry/kubernetes";
import { findGoKubeletPeers, freePort, kubeBuilderAssets, nodeAddress, skipReason } from "@wherry/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Comparison, compareTraces, scenariosOfUnmet, unmetDifferences } from "./compare-traces.ts";
import { knownDifferences } from "./known-differences.ts";
import { pulledRecord } from "./private-registry.ts";
import { endPod, removePod, runScenario, type ScenarioPlace, takeSteps, traceOfScenario } from "./run-scenario.ts";
import type { InterruptedScenario, PodSequence, Scenario } from "./scenario.ts";
import { deletionScenarios } from "./scenarios/deletion.ts";
import { ephemeralScenarios } from "./scenarios/ephemeral-containers.ts";
import { eventCountScenarios } from "./scenarios/event-counts.ts";
import { evictionScenarios } from "./scenarios/eviction.ts";
import { failureScenarios } from "./scenarios/failures.ts";
import { guestScenarios } from "./scenarios/guests.ts";
import { hookScenarios } from "./scenarios/hooks.ts";
import { hostPorts } from "./scenarios/host-ports.ts";
import { imageVolumeScenarios } from "./scenarios/image-volumes.ts";
import { initScenarios } from "./scenarios/init-containers.ts";
import { interruptedScenarios } from "./scenarios/interrupted.ts";
import { preemptionScenarios } from "./scenarios/preemption.ts";
import { probeScenarios } from "./scenarios/probes.ts";
import { pullCredentialScenario } from "./scenarios/pull-credentials.ts";
import { deferredResize, resizeScenarios } from "./scenarios/resize.ts";
import { restartAllScenarios } from "./scenarios/restart-all.ts";
import { restartScenarios } from "./scenarios/restarts.ts";
import { stopSignalScenarios } from "./scenarios/stop-signals.ts";
import { taintedNode, taints, unwelcome } from "./scenarios/taints.ts";
import { terminationScenarios } from "./scenarios/termination.ts";
import type { Trace } from "./trace.ts";
import { type ComparedNode, TwoNodes } from "./two-nodes.ts";
import { until } from "./until.ts";

const scenarios = [
  ...restartScenarios,
  ...restartAllScenarios,
  ...initScenarios,
  ...failureScenarios,
  ...deletionScenarios,
  ...guestScenarios,
  ...imageVolumeScenarios,
  ...probeScenarios,
  ...hookScenarios,
  ...terminationScenarios,
  ...ephemeralScenarios,
  ...evictionScenarios,
  ...eventCountScenarios,
  ...resizeScenarios,
  ...stopSignalScenarios,
];
/** For the last events to arrive, after everything that a scenario waits for. */
const settleMs = 8_000;

const assets = kubeBuilderAssets();
const peers = findGoKubeletPeers();
const skip = skipReason(
  "the comparison with the Go kubelet",
  "skip" in assets ? assets.skip : undefined,
  "skip" in peers ? peers.skip : undefined,
);

describe.skipIf(skip !== undefined)("a pod on Wherry and on the Go kubelet", () => {
  const met = new Set<RegExp>();
  let nodes: TwoNodes;

  beforeAll(async () => {
    if ("skip" in assets || "skip" in peers) return;
    nodes = await TwoNodes.start(assets.directory, peers);
    // The first pod of a Wherry node pulls its images, which those of the other have from the start.
    await compare({
      name: "warm-up",
      containers: [
        { name: "main", program: ["exit", "0"] },
        { name: "other", program: ["exit", "0"], image: "{usr1-image}" },
      ],
      steps: [{ phase: "Succeeded" }],
    });
    met.clear();
  });
  afterAll(() => nodes?.[Symbol.asyncDispose]());

  describe.concurrent("live the same life", { timeout: 480_000 }, () => {
    test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))("%s", async (_name, scenario) => {
      // What depends on the moment does not happen twice; a difference between kubelets does.
      const first = await compare(scenario);
      const differences = first.length === 0 ? first : await compare(scenario, "-again");
      expect(differences, `${scenario.name}:\n${differences.join("\n")}`).toEqual([]);
    });

    test("let one pod only have a port of the node", async () => {
      const differences = await compareTogether(hostPorts(await freePort(), await freePort(), nodeAddress()));
      expect(differences, differences.join("\n")).toEqual([]);
    });

    // All others tolerate every taint.
    test("refuse the same pods on a tainted node", async () => {
      await Promise.all([nodes.go, nodes.wherry].map((node) => setTaints(node, taints)));
      try {
        await Promise.all([untilRefused("go"), untilRefused("wherry")]);
        const differences = await compareTogether(taintedNode);
        expect(differences, differences.join("\n")).toEqual([]);
      } finally {
        await Promise.all([nodes.go, nodes.wherry].map((node) => setTaints(node, [])));
      }
    });
  });

  test("the Go kubelet's gRPC probe understands the server of a guest", async () => {
    const port = await freePort();
    const ports = [{ containerPort: port }];
    const spec = { hostNetwork: true, volumes: [{ name: "state", emptyDir: {} }] };
    const served: Scenario = {
      name: "grpc-server",
      containers: [
        {
          name: "main",
          program: ["write", "/state/healthz", "", "serve-grpc", "/state/healthz"],
          ports,
          volumeMounts: [{ name: "state", mountPath: "/state" }],
          readinessProbe: { grpc: { port }, periodSeconds: 1, failureThreshold: 1 },
        },
      ],
      spec,
      steps: [{ condition: "Ready", status: "True" }],
    };
    // Its probe asks the address of the node, and so the guest of the other.
    const probed: Scenario = {
      name: "grpc-probe",
      containers: [{ ...served.containers[0]!, program: ["hold"], ports: [] }],
      spec,
      steps: [{ condition: "Ready", status: "True" }],
    };
    await runScenario(served, place(served.name, "wherry"));
    await runScenario(probed, place(probed.name, "go"));
    const pod = nodes.wherry.observer.pod(served.name)!;
    await rm(join(nodes.wherry.volumePath(pod, "kubernetes.io~empty-dir/state"), "healthz"));
    const refusal = /^Readiness probe failed: .*service unhealthy \(responded with "NOT_SERVING"\)/;
    await nodes.go.observer.untilEvent(probed.name, "Unhealthy", refusal);
    await Promise.all([removePod(place(served.name, "wherry")), removePod(place(probed.name, "go"))]);
  });

  test("let the same pods have what a secret pulled", { timeout: 480_000 }, async () => {
    const differences = await compareTogether(pullCredentialScenario);
    expect(differences, differences.join("\n")).toEqual([]);
    const name = `${nodes.registryHost}/private/data`;
    const [go, wherry] = await Promise.all(
      [nodes.go, nodes.wherry].map((node) => pulledRecord(node.rootDirectory, name)),
    );
    expect(wherry).toEqual(go);
  });

  // Each needs the whole node.
  test("preempt the same pods on a full node", { timeout: 480_000 }, async () => {
    const [cpu, other] = await Promise.all([nodes.go, nodes.wherry].map(allocatableCpu));
    expect(cpu).toBe(other);
    const differences: string[] = [];
    for (const scenario of preemptionScenarios(cpu ?? 0)) differences.push(...(await compareTogether(scenario)));
    expect(differences, differences.join("\n")).toEqual([]);
  });

  test("resize a pod when another makes room", { timeout: 480_000 }, async () => {
    const differences = await compareTogether(deferredResize(await allocatableCpu(nodes.go)));
    expect(differences, differences.join("\n")).toEqual([]);
  });

  test("find the same pods again after a restart of the kubelet", { timeout: 480_000 }, async () => {
    const differences = await compareInterrupted(interruptedScenarios);
    expect(differences, differences.join("\n")).toEqual([]);
  });

  test("every known difference is still one", { timeout: 480_000 }, async () => {
    // What one kubelet tells a moment later than the other is missed where they were equal before.
    const missed = scenariosOfUnmet(knownDifferences, met);
    const again = scenarios.filter(({ name }) => missed.has(name));
    await Promise.all(again.map((scenario) => compare(scenario, "-once-more")));
    expect(unmetDifferences(knownDifferences, met)).toEqual([]);
  });

  function place(podName: string, node: "go" | "wherry"): ScenarioPlace {
    return { client: nodes.client, node: nodes[node], registryHost: nodes.registryHost, podName };
  }

  async function setTaints({ nodeName }: ComparedNode, wanted: readonly Taint[]): Promise<void> {
    await nodes.client.patch(resources.nodes, nodeName, { spec: { taints: wanted } }, { type: "merge" });
  }

  /** A kubelet learns of taints some time after they are there. */
  async function untilRefused(node: "go" | "wherry"): Promise<void> {
    const phases: (string | undefined)[] = [];
    while (phases.at(-1) !== "Failed") {
      const there = place(`asks-${phases.length}`, node);
      await runScenario({ ...unwelcome, steps: [] }, there);
      const isTold = ({ status }: Pod) => /^(Running|Failed)$/.test(status?.phase ?? "");
      phases.push((await there.node.observer.until(there.podName, "taken or refused", isTold)).status?.phase);
      await removePod(there);
    }
  }

  async function allocatableCpu({ nodeName }: ComparedNode): Promise<number> {
    const { status } = await nodes.client.get(resources.nodes, nodeName);
    return quantityMilliValue(parseQuantity(status?.allocatable?.["cpu"] ?? "0"));
  }

  /** Runs pods that meet each other, on both, and answers what differs in the end. */
  async function compareTogether({ name, pods }: PodSequence): Promise<readonly string[]> {
    const placeOf = (pod: Scenario, node: "go" | "wherry") => place(`${name}-${pod.name}`, node);
    const run = async (node: "go" | "wherry") => {
      const traces: (() => Trace)[] = [];
      for (const pod of pods) traces.push(await runScenario(pod, placeOf(pod, node)));
      return traces;
    };
    const [go, wherry] = await Promise.all([run("go"), run("wherry")]);
    const results = await settled(pods, go, wherry);
    // The next ones need what these have.
    await Promise.all(pods.flatMap((pod) => [endPod(pod, placeOf(pod, "go")), endPod(pod, placeOf(pod, "wherry"))]));
    return results.flatMap(({ differences }, index) =>
      differences.map((text) => `${name}, ${pods[index]?.name}: ${text}`),
    );
  }

  /** Runs pods of both nodes whose kubelets are restarted between, and answers what differs in the end. */
  async function compareInterrupted(scenarios: readonly InterruptedScenario[]): Promise<readonly string[]> {
    const run = async (node: "go" | "wherry") => {
      const all = scenarios.map((scenario) => ({ scenario, place: place(`interrupted-${scenario.name}`, node) }));
      const each = (work: (scenario: InterruptedScenario, place: ScenarioPlace) => Promise<void>) =>
        Promise.all(all.map((one) => work(one.scenario, one.place)));
      await each(async (scenario, there) => {
        if (scenario.madeMeanwhile !== true) await runScenario(scenario, there);
      });
      await nodes[node].restart(async () => {
        await each(async (scenario, there) => {
          if (scenario.madeMeanwhile === true) await runScenario(scenario, there);
          await takeSteps(scenario.meanwhile ?? [], scenario, there);
        });
      });
      await each((scenario, there) => takeSteps(scenario.afterwards, scenario, there));
      return Promise.all(all.map((one) => traceOfScenario(one.scenario, one.place)));
    };
    const [go, wherry] = await Promise.all([run("go"), run("wherry")]);
    const results = await settled(scenarios, go, wherry);
    await Promise.all(
      scenarios.flatMap((scenario) =>
        (["go", "wherry"] as const).map((node) => endPod(scenario, place(`interrupted-${scenario.name}`, node))),
      ),
    );
    return results.flatMap(({ differences }, index) => differences.map((text) => `${scenarios[index]?.name}: ${text}`));
  }

  /** Compares until nothing differs, or what does has had its time. */
  async function settled(
    scenarios: readonly Scenario[],
    go: readonly (() => Trace)[],
    wherry: readonly (() => Trace)[],
  ): Promise<readonly Comparison[]> {
    const results = await until(
      () => scenarios.map(({ name }, index) => compareTraces(name, go[index]!(), wherry[index]!(), knownDifferences)),
      (comparisons) => comparisons.every(({ differences }) => differences.length === 0),
      settleMs,
    );
    for (const result of results) for (const pattern of result.met) met.add(pattern);
    return results;
  }

  /** Runs the scenario on both and answers what differs in the end. */
  async function compare(scenario: Scenario, suffix = ""): Promise<readonly string[]> {
    const podName = `${scenario.name}${suffix}`;
    const [go, wherry] = await Promise.all([
      runScenario(scenario, place(podName, "go")),
      runScenario(scenario, place(podName, "wherry")),
    ]);
    const results = await settled([scenario], [go], [wherry]);
    await Promise.all([removePod(place(podName, "go")), removePod(place(podName, "wherry"))]);
    return results.flatMap(({ differences }) => differences);
  }
});
