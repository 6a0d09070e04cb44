import { FakeClock } from "@wherry/base";
import type { Container, LifecycleHandler, Pod, Probe } from "@wherry/kubernetes";
import type { ContainerScript, Fault } from "@wherry/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { admitPod } from "../../src/admission/admit-pod.ts";
import { FakeActions, type FakeAnswer } from "../support/fake-actions.ts";
import { KubeletHarness, nodeFacts, podOf } from "../support/kubelet-harness.ts";
import { LifecycleInvariants } from "../support/lifecycle-invariants.ts";

interface ContainerPlan {
  readonly exitAfterMs: number | undefined;
  readonly exitCodes: readonly number[];
  readonly obeysStop: boolean;
  readonly sidecar: boolean;
  /** Exit codes after which it starts again, whatever the pod's policy says. */
  readonly restartsOn: readonly number[] | undefined;
  /** Exit code after which all of the pod starts again. */
  readonly restartsAllOn: number | undefined;
  readonly cpu: number;
  readonly probes: readonly ("startup" | "liveness" | "readiness")[];
  readonly postStart: LifecycleHandler | undefined;
  readonly preStop: LifecycleHandler | undefined;
}

interface PodPlan {
  readonly restartPolicy: string;
  readonly graceSeconds: number;
  readonly deadlineSeconds: number | undefined;
  readonly pullMissing: boolean;
  readonly init: readonly ContainerPlan[];
  readonly apps: readonly ContainerPlan[];
}

type Step =
  | { readonly kind: "advance"; readonly ms: number }
  | { readonly kind: "create"; readonly pod: number }
  | { readonly kind: "delete"; readonly pod: number; readonly grace: number | undefined }
  | { readonly kind: "restart" | "stop" | "lose" }
  | { readonly kind: "api"; readonly down: boolean; readonly latencyMs: number }
  | { readonly kind: "faults"; readonly share: number; readonly fault: Fault }
  | { readonly kind: "health"; readonly failing: number; readonly hanging: number }
  | { readonly kind: "mute"; readonly muted: boolean }
  | { readonly kind: "full"; readonly full: boolean }
  | { readonly kind: "exit"; readonly index: number; readonly exitCode: number }
  | { readonly kind: "break"; readonly index: number };

const hook: fc.Arbitrary<LifecycleHandler | undefined> = fc.option(
  fc.oneof(
    fc.record({ sleep: fc.record({ seconds: fc.nat(50) }) }),
    fc.constant<LifecycleHandler>({ httpGet: { port: 80, path: "/hook" } }),
  ),
  { nil: undefined, freq: 1 },
);

const containerPlan: fc.Arbitrary<ContainerPlan> = fc.record({
  exitAfterMs: fc.option(fc.nat(20_000), { nil: undefined, freq: 2 }),
  exitCodes: fc.array(fc.constantFrom(0, 1, 2), { minLength: 1, maxLength: 3 }),
  obeysStop: fc.boolean(),
  sidecar: fc.boolean(),
  restartsOn: fc.option(fc.subarray([0, 1, 2], { minLength: 1 }), { nil: undefined, freq: 2 }),
  restartsAllOn: fc.option(fc.nat(2), { nil: undefined, freq: 2 }),
  cpu: fc.constantFrom(0, 0.5, 1, 2),
  probes: fc.subarray(["startup", "liveness", "readiness"]),
  postStart: hook,
  preStop: hook,
});

const podPlan: fc.Arbitrary<PodPlan> = fc.record({
  restartPolicy: fc.constantFrom("Always", "OnFailure", "Never"),
  graceSeconds: fc.nat(40),
  deadlineSeconds: fc.option(fc.integer({ min: 1, max: 120 }), { nil: undefined, freq: 4 }),
  pullMissing: fc.boolean(),
  init: fc.array(containerPlan, { maxLength: 3 }),
  apps: fc.array(containerPlan, { minLength: 1, maxLength: 3 }),
});

const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.constant<Fault>({ kind: "fail" }),
  fc.constant<Fault>({ kind: "lose" }),
  fc.record({ kind: fc.constant("delay" as const), delayMs: fc.integer({ min: 1, max: 5000 }) }),
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("advance" as const), ms: fc.nat(20_000) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("create" as const), pod: fc.nat(2) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("delete" as const),
      pod: fc.nat(2),
      grace: fc.option(fc.nat(5), { nil: undefined }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("restart" as const, "stop" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("lose" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("api" as const), down: fc.boolean(), latencyMs: fc.nat(200) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("faults" as const), share: fc.double({ min: 0, max: 0.4 }), fault }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("health" as const),
      failing: fc.double({ min: 0, max: 1 }),
      hanging: fc.double({ min: 0, max: 0.3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("mute" as const), muted: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("full" as const), full: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("exit" as const), index: fc.nat(9), exitCode: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("break" as const), index: fc.nat(3) }) },
);

/** A pod that has room, and of which an exit with 1 restarts all, as the first one of each container does. */
const restartingPlan: fc.Arbitrary<PodPlan> = podPlan.map((plan) => {
  const restarting = (container: ContainerPlan): ContainerPlan => ({
    ...container,
    exitCodes: [1, ...container.exitCodes],
    restartsOn: undefined,
    restartsAllOn: 1,
    cpu: 0,
  });
  return { ...plan, pullMissing: false, init: plan.init.map(restarting), apps: plan.apps.map(restarting) };
});

describe("standard provider, random lives", () => {
  test("any pods under any faults keep the invariants, and all end once the faults do", async () => {
    const property = fc.asyncProperty(
      fc.array(podPlan, { minLength: 1, maxLength: 3 }),
      fc.array(step, { maxLength: 30 }),
      fc.integer(),
      runLives,
    );
    // The report of a failure has the seed and the shrunken lives.
    await fc.assert(property, { numRuns: Number(process.env["WHERRY_RANDOM_RUNS"] ?? 60), endOnFailure: false });
  }, 300_000);

  test("pods that restart all of their containers keep the invariants under any faults", async () => {
    const property = fc.asyncProperty(
      restartingPlan,
      fc.array(step, { maxLength: 30, size: "max" }),
      fc.integer(),
      (plan, steps, seed) => runLives([plan], [{ kind: "create", pod: 0 }, ...steps], seed),
    );
    await fc.assert(property, { numRuns: Number(process.env["WHERRY_RANDOM_RUNS"] ?? 60), endOnFailure: false });
  }, 300_000);
});

async function runLives(plans: readonly PodPlan[], steps: readonly Step[], seed: number): Promise<void> {
  const random = mulberry32(seed);
  const scripts = new Map<string, ContainerPlan>();
  const node = { full: false };
  const clock = new FakeClock();
  const actions = new FakeActions(clock);
  const harness = new KubeletHarness({
    clock,
    random,
    provider: { actions, random },
    admit: (pod, others) =>
      node.full ? { reason: "NodeAffinity", message: "another node now" } : admitPod(pod, others, nodeFacts),
    runtime: {
      script: ({ name, attempt }, { metadata }) => scriptOf(scripts.get(`${metadata.name}/${name}`), attempt),
    },
  });
  const invariants = new LifecycleInvariants(harness.runtime);
  const broken: unknown[] = [];
  const guard = (check: () => void) => {
    try {
      check();
    } catch (error) {
      broken.push(error);
    }
  };
  harness.api.onStatus = (pod, status) => guard(() => invariants.status(pod, status));
  harness.api.onDeletion = (pod) => guard(() => invariants.deletion(pod));
  harness.runtime.onStart = ({ sandboxId, config }) => {
    const uid = harness.runtime.sandboxes.get(sandboxId)?.config.metadata.uid ?? "";
    guard(() => invariants.start(uid, config.name, harness.api.get(uid)));
  };
  let up = true;
  harness.start();
  for (const next of steps) {
    if (!up && next.kind !== "advance" && next.kind !== "api") {
      harness.start();
      up = true;
    }
    if (next.kind === "full") node.full = next.full;
    else if (next.kind === "health") actions.answerOf = () => answer(random(), next);
    else if (next.kind === "stop") {
      await harness.stop();
      up = false;
    } else await perform(harness, next, plans, scripts, random);
    if (broken.length > 0) break;
  }
  await finish(harness, up);
  expect(clock.pending, "nothing waits any more").toBe(0);
  if (broken.length > 0) throw broken[0];
  expect(
    [...harness.api.pods()].map(({ metadata }) => metadata?.name),
    "every pod ends",
  ).toEqual([]);
  expect([...harness.runtime.sandboxes.keys()], "every sandbox goes").toEqual([]);
  expect([...harness.volumes.mounted], "every volume goes").toEqual([]);
}

async function perform(
  harness: KubeletHarness,
  next: Step,
  plans: readonly PodPlan[],
  scripts: Map<string, ContainerPlan>,
  random: () => number,
): Promise<void> {
  const { runtime, api } = harness;
  switch (next.kind) {
    case "advance":
      await harness.advance(next.ms);
      break;
    case "create": {
      const plan = plans[next.pod % plans.length];
      const name = `pod-${next.pod % plans.length}`;
      if (plan !== undefined && api.byName(name) === undefined) api.create(makePod(name, plan, scripts, random));
      break;
    }
    case "delete": {
      const name = `pod-${next.pod % plans.length}`;
      if (api.byName(name) !== undefined) api.delete(name, next.grace);
      break;
    }
    case "restart":
      await harness.restart();
      break;
    case "lose":
      runtime.loseEverything();
      break;
    case "api":
      api.down = next.down;
      api.latencyMs = next.latencyMs;
      break;
    case "faults":
      runtime.injector.plan = () => (random() < next.share ? next.fault : undefined);
      break;
    case "mute":
      runtime.feed.muted = next.muted;
      break;
    case "exit": {
      const running = [...runtime.containers.values()].filter(({ state }) => state === "running");
      const container = running[next.index % Math.max(1, running.length)];
      if (container !== undefined) runtime.exit(container.id, next.exitCode);
      break;
    }
    case "break": {
      const ids = [...runtime.sandboxes.keys()];
      const id = ids[next.index % Math.max(1, ids.length)];
      if (id !== undefined) runtime.breakSandbox(id);
      break;
    }
    case "stop":
    case "health":
    case "full":
      break;
  }
  await harness.settle();
}

/** Ends all faults and deletes everything; a kubelet must get it all done. */
async function finish(harness: KubeletHarness, up: boolean): Promise<void> {
  const { runtime, api } = harness;
  runtime.injector.plan = undefined;
  runtime.feed.muted = false;
  api.down = false;
  api.latencyMs = 0;
  if (!up) harness.start();
  await harness.settle();
  for (const pod of [...api.pods()])
    if (pod.metadata?.deletionTimestamp === undefined) api.delete(pod.metadata?.name ?? "");
  for (let minute = 0; minute < 8; minute++) await harness.advance(60_000);
  await harness.stop();
}

let created = 0;

function makePod(name: string, plan: PodPlan, scripts: Map<string, ContainerPlan>, random: () => number): Pod {
  const container = (containerName: string, containerOf: ContainerPlan, init: boolean): Container => {
    scripts.set(`${name}/${containerName}`, containerOf);
    return {
      name: containerName,
      image: plan.pullMissing && random() < 0.5 ? "remote:v1" : "app:v1",
      imagePullPolicy: "IfNotPresent",
      resources: { requests: { cpu: String(containerOf.cpu) } },
      ...rulesOf(containerOf),
      ...(init && containerOf.sidecar ? { restartPolicy: "Always" } : {}),
      ...(init && !containerOf.sidecar ? {} : healthOf(containerOf)),
    };
  };
  const pod = podOf(name, {
    restartPolicy: plan.restartPolicy,
    terminationGracePeriodSeconds: plan.graceSeconds,
    activeDeadlineSeconds: plan.deadlineSeconds,
    initContainers: plan.init.map((init, index) => container(`init-${index}`, init, true)),
    containers: plan.apps.map((app, index) => container(`app-${index}`, app, false)),
  });
  return { ...pod, metadata: { ...pod.metadata, uid: `uid-${name}-${++created}` } };
}

function rulesOf({ restartsOn, restartsAllOn }: ContainerPlan): Partial<Container> {
  const rule = (action: string, values: readonly number[]) => ({
    action,
    exitCodes: { operator: "In", values: [...values] },
  });
  const restartPolicyRules = [
    ...(restartsOn === undefined ? [] : [rule("Restart", restartsOn)]),
    ...(restartsAllOn === undefined ? [] : [rule("RestartAllContainers", [restartsAllOn])]),
  ];
  return restartPolicyRules.length === 0 ? {} : { restartPolicy: "Never", restartPolicyRules };
}

/** Other init containers have neither probes nor hooks. */
function healthOf({ probes, postStart, preStop }: ContainerPlan): Partial<Container> {
  const probe = (kind: ContainerPlan["probes"][number]): Probe | undefined =>
    probes.includes(kind) ? { httpGet: { port: 80, path: `/${kind}` }, periodSeconds: 3 } : undefined;
  return {
    startupProbe: probe("startup"),
    livenessProbe: probe("liveness"),
    readinessProbe: probe("readiness"),
    lifecycle: { postStart, preStop },
  };
}

function answer(chance: number, { failing, hanging }: { failing: number; hanging: number }): FakeAnswer {
  if (chance < hanging) return "hang";
  return chance < hanging + failing ? 500 : "ok";
}

function scriptOf(plan: ContainerPlan | undefined, attempt: number): ContainerScript | undefined {
  if (plan === undefined) return undefined;
  const { exitAfterMs, exitCodes, obeysStop } = plan;
  return { exitAfterMs, exitCode: exitCodes[attempt % exitCodes.length], obeysStop };
}

function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
