import { FakeClock, raceAbort, runTogether, silentLogger } from "@wherry/base";
import type { Pod, PodStatus } from "@wherry/kubernetes";
import type { MachineDefinition } from "@wherry/machine";
import { afterEach, describe, expect, test } from "vitest";
import { admitPod } from "../../src/admission/admit-pod.ts";
import { PodController, type PodControllerOptions } from "../../src/pods/pod-controller.ts";
import type { PodSource } from "../../src/pods/pod-source.ts";
import type { PodDescription } from "../../src/provider/pod-description.ts";
import type { PodHandle } from "../../src/provider/pod-handle.ts";
import type { Provider } from "../../src/provider/provider.ts";
import { StatusWriter } from "../../src/status/status-writer.ts";
import { FakePodApi } from "../support/fake-pod-api.ts";
import { nodeFacts, podOf } from "../support/kubelet-harness.ts";

/** A provider of something that is no container: a pod is a greeting that stands until it is withdrawn. */
const edges = { greeting: ["withdrawing"], withdrawing: ["gone"], gone: [] } as const;
type Edges = typeof edges;

interface Greeting {
  readonly handle: PodHandle;
  readonly spoken: string[];
  readonly withdrawal: Promise<void>;
}

const running: PodDescription = {
  sandboxReady: true,
  podIps: ["10.9.9.9"],
  containerStatuses: [
    { name: "main", image: "", imageID: "", ready: true, restartCount: 0, started: true, state: { running: {} } },
  ],
};

const machine: MachineDefinition<Edges, Greeting, PodDescription> = {
  name: "greeting",
  edges,
  initial: "greeting",
  states: {
    greeting: {
      name: "greeting",
      status: () => running,
      async next(greeting, signal) {
        greeting.spoken.push(`hello ${greeting.handle.pod.metadata?.name}`);
        await new Promise<void>((_resolve, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }),
        );
        return "withdrawing";
      },
    },
    withdrawing: {
      name: "withdrawing",
      async next(greeting, signal) {
        await raceAbort(greeting.withdrawal, signal);
        greeting.spoken.push(`goodbye ${greeting.handle.pod.metadata?.name}`);
        return "gone";
      },
    },
    gone: { name: "gone", status: () => ({ stopped: true }), next: async () => "done" },
  },
};

class GreetingProvider implements Provider<Edges, Greeting> {
  readonly name = "greeting";
  readonly machine = machine;
  readonly stopping = "withdrawing" as const;
  readonly spoken: string[] = [];
  readonly removed: string[] = [];
  held: string[] = [];
  /** What the end of a pod waits for. */
  withdrawal: Promise<void> = Promise.resolve();

  nodeDetails = async () => ({ architecture: "words", runtimeVersion: "greeting://1" });
  createContext = (handle: PodHandle): Greeting => ({
    handle,
    spoken: this.spoken,
    withdrawal: this.withdrawal,
  });
  listPods = async () => this.held;
  removePod = async (uid: string) => {
    this.removed.push(uid);
    this.held = this.held.filter((held) => held !== uid);
  };
}

function fileSource(pod: Pod): PodSource {
  return {
    name: "file",
    ready: Promise.resolve(),
    pods: () => [pod],
    get: (uid) => (uid === pod.metadata?.uid ? pod : undefined),
    onChange: () => () => undefined,
    run: async () => undefined,
  };
}

describe("PodController", () => {
  const clock = new FakeClock();
  let abort = new AbortController();
  let ended: Promise<void> = Promise.resolve();

  afterEach(async () => {
    abort.abort();
    await ended;
  });

  function start(
    api: FakePodApi,
    provider: GreetingProvider,
    more: Partial<PodControllerOptions<Edges, Greeting>> = {},
  ) {
    const statusWriter = new StatusWriter({ api, clock, logger: silentLogger });
    const controller = new PodController<Edges, Greeting>({
      sources: [api],
      provider,
      statusWriter,
      node: nodeFacts,
      recorder: { event: () => undefined },
      clock,
      logger: silentLogger,
      random: () => 0.5,
      admit: () => undefined,
      ...more,
    });
    abort = new AbortController();
    ended = runTogether(abort.signal, [(signal) => statusWriter.run(signal), (signal) => controller.run(signal)]);
    return controller;
  }

  test("run() drives any provider's machine: statuses, end and final delete come for free", async () => {
    const api = new FakePodApi(clock);
    const provider = new GreetingProvider();
    const controller = start(api, provider);
    api.create(podOf("ann"));
    await clock.advance(0);
    expect(api.byName("ann")?.status).toMatchObject({ phase: "Running", podIP: "10.9.9.9", qosClass: "BestEffort" });
    expect(controller.stateOf("uid-ann")).toBe("greeting");
    api.delete("ann");
    await clock.advance(0);
    await clock.advance(0);
    expect(provider.spoken).toEqual(["hello ann", "goodbye ann"]);
    expect(api.deletions).toEqual(["ann"]);
    expect(provider.removed).toEqual(["uid-ann"]);
    expect(controller.list()).toEqual([]);
  });

  test("run() starts no pod before its source is complete, and removes nothing before all are", async () => {
    const api = new FakePodApi(clock);
    const ready = Promise.withResolvers<void>();
    const bob = podOf("bob");
    const slow: PodSource = {
      name: "slow",
      ready: ready.promise,
      pods: () => [bob],
      get: (uid) => (uid === bob.metadata?.uid ? bob : undefined),
      onChange: () => () => undefined,
      run: async () => undefined,
    };
    const provider = new GreetingProvider();
    provider.held = ["uid-ann", "uid-unknown"];
    const controller = start(api, provider, { sources: [slow, api] });
    api.create(podOf("ann"));
    await clock.advance(120_000);
    expect([provider.spoken, provider.removed]).toEqual([["hello ann"], []]);
    expect(controller.health().healthy).toBe(false);
    ready.resolve();
    await clock.advance(0);
    expect(provider.spoken).toEqual(["hello ann", "hello bob"]);
    expect(provider.removed).toEqual(["uid-unknown"]);
    expect(controller.health().healthy).toBe(true);
  });

  test("run() admits pods that already ran before new ones, then the oldest first", async () => {
    const api = new FakePodApi(clock);
    const order: string[] = [];
    const at = (name: string, creationTimestamp: string, startTime?: string): Pod => {
      const pod = podOf(name);
      return { ...pod, metadata: { ...pod.metadata, creationTimestamp }, status: startTime ? { startTime } : {} };
    };
    api.create(at("young", "2026-01-03T00:00:00Z"));
    api.create(at("old", "2026-01-01T00:00:00Z"));
    api.create(at("started", "2026-01-02T00:00:00Z", "2026-01-02T00:00:01Z"));
    const admit = (pod: Pod, others: readonly Pod[]) => {
      order.push(pod.metadata?.name ?? "");
      return others.length < 2 ? undefined : { reason: "OutOfpods", message: "full" };
    };
    start(api, new GreetingProvider(), { admit });
    await clock.advance(0);
    expect([...new Set(order)]).toEqual(["started", "old", "young"]);
    expect(api.byName("young")?.status).toMatchObject({
      phase: "Failed",
      reason: "OutOfpods",
      message: "Pod was rejected: full",
    });
  });

  test("run() frees the place of a pod that ended", async () => {
    const api = new FakePodApi(clock);
    const admit = (_pod: Pod, others: readonly Pod[]) =>
      others.length < 1 ? undefined : { reason: "OutOfpods", message: "full" };
    start(api, new GreetingProvider(), { admit });
    api.create(podOf("first"));
    await clock.advance(0);
    api.delete("first");
    await clock.advance(0);
    api.create(podOf("second"));
    await clock.advance(0);
    expect(api.byName("second")?.status?.phase).toBe("Running");
  });

  test("run() admits a running pod again beside pods that have ended and stay in the API, which hold nothing", async () => {
    const api = new FakePodApi(clock);
    const asking = (name: string, phase: string): Pod => ({
      ...podOf(name, {}, { resources: { requests: { cpu: "1500m" } } }),
      status: { phase, startTime: "2026-01-02T00:00:01Z" },
    });
    for (const name of ["finished-1", "finished-2"]) api.create(asking(name, "Succeeded"));
    api.create(asking("failed", "Failed"));
    api.create(asking("web", "Running"));
    api.create(asking("second", "Running"));
    api.create(asking("too-much", "Running"));
    start(api, new GreetingProvider(), { admit: (pod, others) => admitPod(pod, others, nodeFacts) });
    await clock.advance(0);
    await clock.advance(0);
    expect(api.byName("web")?.status?.phase).toBe("Running");
    expect(api.byName("second")?.status?.phase).toBe("Running");
    // The others might have ended without a word: it is refused once they are seen to go on.
    await clock.advance(0);
    expect(api.byName("too-much")?.status).toMatchObject({ phase: "Failed", reason: "OutOfcpu" });
  });

  test("run() admits a pod beside one that is still ending, and holds its place until it has", async () => {
    const api = new FakePodApi(clock);
    const admit = (_pod: Pod, others: readonly Pod[]) =>
      others.length < 1 ? undefined : { reason: "OutOfpods", message: "full" };
    const provider = new GreetingProvider();
    const withdrawal = Promise.withResolvers<void>();
    provider.withdrawal = withdrawal.promise;
    const controller = start(api, provider, { admit });
    api.create(podOf("ending"));
    await clock.advance(0);
    api.delete("ending");
    await clock.advance(0);
    expect(controller.stateOf("uid-ending")).toBe("withdrawing");
    api.create(podOf("early"));
    await clock.advance(0);
    withdrawal.resolve();
    await clock.advance(0);
    await clock.advance(0);
    expect(api.byName("early")?.status).toMatchObject({ phase: "Failed", reason: "OutOfpods" });
    api.create(podOf("late"));
    await clock.advance(0);
    expect(api.byName("late")?.status?.phase).toBe("Running");
  });

  test("run() gives a refused pod no place, even while the provider does not answer", async () => {
    const api = new FakePodApi(clock);
    const provider = new GreetingProvider();
    provider.withdrawal = new Promise(() => undefined);
    start(api, provider, { admit: (pod, others) => admitPod(pod, others, nodeFacts) });
    api.create(podOf("big", {}, { resources: { requests: { cpu: "40" } } }));
    api.create(podOf("small", {}, { resources: { requests: { cpu: "1" } } }));
    await clock.advance(0);
    expect(api.byName("small")?.status?.phase).toBe("Running");
  });

  test("terminate() ends a pod with the outcome its cause says", async () => {
    const api = new FakePodApi(clock);
    const controller = start(api, new GreetingProvider());
    api.create(podOf("ann"));
    await clock.advance(0);
    const outcome = {
      phase: "Failed" as const,
      reason: "Evicted",
      message: "The node was low on resource: memory.",
      conditions: [{ type: "DisruptionTarget", status: "True", reason: "TerminationByKubelet" }],
    };
    expect(controller.terminate("uid-ann", { cause: "evicted", gracePeriodMs: 0, outcome })).toBe(true);
    await clock.advance(0);
    expect(api.byName("ann")?.status).toMatchObject({ phase: "Failed", reason: "Evicted" });
    const disruption = api.byName("ann")?.status?.conditions?.find(({ type }) => type === "DisruptionTarget");
    expect(disruption).toMatchObject({ status: "True", lastTransitionTime: expect.any(String) });
    expect(api.deletions).toEqual([]);
    expect(controller.terminate("uid-ann", { cause: "evicted", gracePeriodMs: 0 })).toBe(false);
  });

  test("run() never runs mirror pods", async () => {
    const api = new FakePodApi(clock);
    const provider = new GreetingProvider();
    start(api, provider);
    const mirror = podOf("mirror");
    api.create({ ...mirror, metadata: { ...mirror.metadata, annotations: { "kubernetes.io/config.mirror": "hash" } } });
    await clock.advance(0);
    expect(provider.spoken).toEqual([]);
  });

  test("resume() lets a static pod go on from the status that an earlier kubelet gave it", async () => {
    const statuses: PodStatus[] = [];
    const manifest = podOf("static");
    const pod: Pod = {
      ...manifest,
      metadata: { ...manifest.metadata, annotations: { "kubernetes.io/config.source": "file" } },
      status: { phase: "Pending" },
    };
    const mirrors = {
      track: () => undefined,
      untrack: () => undefined,
      publish: (_: Pod, status: PodStatus) => void statuses.push(status),
    };
    const controller = start(new FakePodApi(clock), new GreetingProvider(), { sources: [fileSource(pod)], mirrors });
    await clock.advance(0);
    const earlier = "2020-01-01T00:00:00Z";
    expect(statuses.at(-1)?.startTime).not.toBe(earlier);
    const [container] = statuses.at(-1)?.containerStatuses ?? [];
    controller.resume("uid-static", {
      phase: "Running",
      startTime: earlier,
      containerStatuses: [{ ...container!, restartCount: 4 }],
      conditions: [
        { type: "Ready", status: "True", lastTransitionTime: earlier },
        { type: "Initialized", status: "False", lastTransitionTime: earlier },
      ],
    });
    const resumed = statuses.at(-1);
    const since = (type: string) => resumed?.conditions?.find((one) => one.type === type)?.lastTransitionTime;
    expect(resumed).toMatchObject({ phase: "Running", startTime: earlier });
    expect(since("Ready")).toBe(earlier);
    expect(since("Initialized")).not.toBe(earlier);
  });

  test("run() removes orphans again until it succeeds", async () => {
    const provider = new GreetingProvider();
    provider.held = ["uid-orphan"];
    let failures = 2;
    const removePod = provider.removePod;
    provider.removePod = async (uid) => {
      if (failures-- > 0) throw new Error("runtime is away");
      await removePod(uid);
    };
    start(new FakePodApi(clock), provider);
    await clock.advance(5000);
    expect(provider.removed).toEqual(["uid-orphan"]);
  });
});
