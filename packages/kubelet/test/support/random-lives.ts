import { FakeClock } from "@wherry/base";
import { isMirrorPod, isStaticPod, isTerminalPhase, objectKey, type Pod } from "@wherry/kubernetes";
import { expect } from "vitest";
import { admitPod } from "../../src/admission/admit-pod.ts";
import { memoryAllocations } from "../../src/ports/allocations.ts";
import { FakeActions, type FakeAnswer } from "./fake-actions.ts";
import { newStatus } from "./fake-pod-api.ts";
import { FakeStaticSource } from "./fake-static-source.ts";
import { KubeletHarness, nodeFacts } from "./kubelet-harness.ts";
import { LifecycleInvariants, uidOfPod } from "./lifecycle-invariants.ts";
import { type ContainerPlan, gate, isQuiet, isSteady, makePod, type PodPlan, scriptOf } from "./random-plans.ts";
import type { Step } from "./random-steps.ts";

/** The longest back-off there is, and then some. */
const quietMs = 6 * 60_000;

/** A kubelet to whose pods steps happen, and which is watched by the invariants of a pod's life. */
export class RandomLives {
  readonly #plans: readonly PodPlan[];
  readonly #random: () => number;
  readonly #scripts: Map<string, ContainerPlan> = new Map();
  readonly #planOf: Map<string, PodPlan> = new Map();
  /** What the files of static pods held last. */
  readonly #returning: Map<string, Pod> = new Map();
  readonly #files: FakeStaticSource = new FakeStaticSource();
  readonly #clock: FakeClock = new FakeClock();
  readonly #actions: FakeActions = new FakeActions(this.#clock);
  readonly #harness: KubeletHarness;
  readonly #invariants: LifecycleInvariants;
  /** UIDs of pods that do not count on the node, though something of them may still run. */
  readonly #uncounted: Set<string> = new Set();
  /** UIDs of pods that this life of the kubelet has told to end; the next one does not know of it before the API does. */
  readonly #toldToEnd: Set<string> = new Set();
  readonly #broken: unknown[] = [];
  #full = false;
  #volumeFaults = 0;
  #up = true;
  #ephemeral = 0;

  constructor(plans: readonly PodPlan[], random: () => number) {
    this.#plans = plans;
    this.#random = random;
    const clock = this.#clock;
    this.#harness = new KubeletHarness({
      clock,
      random,
      provider: { actions: this.#actions, random },
      allocations: memoryAllocations(),
      staticSource: this.#files,
      admit: (pod, others) => this.#admit(pod, others),
      runtime: {
        script: ({ name, attempt }, { metadata }) => scriptOf(this.#scripts.get(`${metadata.name}/${name}`), attempt),
      },
    });
    const { api, runtime, volumes } = this.#harness;
    this.#invariants = new LifecycleInvariants(this.#harness, (uid) => this.#podOf(uid));
    api.onStatus = (pod, status) => this.#guard(() => this.#invariants.status(pod, status));
    api.onDeletion = (pod) => this.#guard(() => this.#invariants.deletion(pod));
    runtime.onStart = (container) => this.#guard(() => this.#invariants.start(container, this.#uncounted));
    volumes.onUnmount = (uid) => this.#guard(() => this.#invariants.unmount(uid));
    volumes.fault = () => (this.#random() < this.#volumeFaults ? new Error("EIO") : undefined);
  }

  /** Lets the steps happen, then ends all faults, looks whether all is well, deletes everything and looks whether anything is left. */
  async run(steps: readonly Step[]): Promise<void> {
    this.#harness.start();
    await this.#harness.settle();
    const idle = this.#clock.pending;
    for (const next of steps) {
      await this.#perform(next);
      await this.#harness.settle();
      if (this.#broken.length > 0) break;
    }
    await this.#endFaults();
    if (this.#broken.length === 0) this.#guard(() => this.#expectWell());
    await this.#deleteAll();
    if (this.#broken.length === 0) this.#guard(() => this.#expectNothingLeft(idle));
    await this.#harness.stop();
    if (this.#broken.length > 0) throw this.#broken[0];
    expect(this.#clock.pending, "nothing waits any more").toBe(0);
  }

  #guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#broken.push(error);
    }
  }

  #admit(pod: Pod, others: readonly Pod[]): ReturnType<typeof admitPod> {
    const refusal = { reason: "NodeAffinity", message: "another node now" };
    const answer = this.#full ? refusal : admitPod(pod, others, nodeFacts);
    if (answer !== undefined && "reason" in answer) this.#uncounted.add(pod.metadata?.uid ?? "");
    if (answer !== undefined && "victims" in answer)
      for (const { metadata } of answer.victims) this.#toldToEnd.add(metadata?.uid ?? "");
    return answer;
  }

  #podOf(uid: string): Pod | undefined {
    return this.#harness.api.stored(uid) ?? this.#files.get(uid);
  }

  async #perform(next: Step): Promise<void> {
    const { runtime, api } = this.#harness;
    // What is asked of the kubelet itself has it started; other things may also happen while it is away.
    const needsKubelet = ["evict", "restart", "stop"].includes(next.kind);
    if (!this.#up && (needsKubelet || this.#random() < 0.4)) this.#startKubelet();
    switch (next.kind) {
      case "advance":
        return this.#harness.advance(next.ms);
      case "create":
        return this.#create(next.pod % this.#plans.length);
      case "delete":
        return this.#delete(`pod-${next.pod % this.#plans.length}`, next.grace);
      case "ephemeral":
      case "resize":
      case "image":
      case "deadline":
      case "gate":
        return this.#change(`pod-${next.pod % this.#plans.length}`, next);
      case "evict": {
        const uid = api.byName(`pod-${next.pod % this.#plans.length}`)?.metadata?.uid ?? "";
        const outcome = { phase: "Failed", reason: "Evicted", message: "it used too much" } as const;
        this.#toldToEnd.add(uid);
        this.#harness.controller.terminate(uid, { cause: "evicted", gracePeriodMs: next.graceMs, outcome });
        return;
      }
      case "restart":
        await this.#harness.stop();
        return this.#startKubelet();
      case "stop":
        await this.#harness.stop();
        this.#up = false;
        return;
      case "lose":
        return runtime.loseEverything();
      case "api":
        api.down = next.down;
        api.latencyMs = next.latencyMs;
        return;
      case "answers":
        api.fault = () => (this.#random() < next.share ? next.fault : undefined);
        return;
      case "watch":
        return next.stalled ? api.stall() : api.resume();
      case "faults":
        runtime.injector.plan = () => (this.#random() < next.share ? next.fault : undefined);
        return;
      case "health":
        this.#actions.answerOf = () => answer(this.#random(), next);
        return;
      case "events":
        runtime.feed.muted = next.muted;
        runtime.feed.doubled = next.doubled;
        return;
      case "registry":
        runtime.images.remote = new Set(next.up ? ["app:v1", "app:v2", "remote:v1"] : []);
        return;
      case "volumes":
        this.#volumeFaults = next.share;
        return;
      case "full":
        this.#full = next.full;
        return;
      case "exit": {
        const running = [...runtime.containers.values()].filter(({ state }) => state === "running");
        const container = running[next.index % Math.max(1, running.length)];
        if (container !== undefined) runtime.exit(container.id, next.exitCode);
        return;
      }
      case "vanish": {
        const all = [...runtime.containers.values()];
        const container = all[next.index % Math.max(1, all.length)];
        if (container === undefined) return;
        this.#invariants.vanished(container);
        return runtime.loseContainer(container.id);
      }
      case "break": {
        const ids = [...runtime.sandboxes.keys()];
        return runtime.breakSandbox(ids[next.index % Math.max(1, ids.length)] ?? "");
      }
    }
  }

  /** A kubelet that starts lists everything anew. */
  #startKubelet(): void {
    this.#harness.api.resume();
    for (const uid of this.#toldToEnd) this.#uncounted.add(uid);
    // A static pod that has ended lives again, and is critical.
    const mirrors = [...this.#harness.api.pods()].filter(isMirrorPod);
    const livesAgain = mirrors.some(({ status }) => isTerminalPhase(status?.phase));
    if (livesAgain || this.#toldToEnd.size > 0) this.#invariants.forgetRoom();
    this.#toldToEnd.clear();
    this.#harness.start();
    this.#up = true;
  }

  #create(index: number): void {
    const plan = this.#plans[index];
    const name = `pod-${index}`;
    if (plan === undefined) return;
    const { api } = this.#harness;
    if (plan.isStatic) {
      // As it was where it has not been changed, or with other content.
      const before = this.#returning.get(name);
      const pod = before === undefined || this.#random() < 0.5 ? makePod(name, plan, this.#scripts) : before;
      this.#planOf.set(pod.metadata?.uid ?? "", plan);
      if (pod === before) this.#invariants.returns(pod.metadata?.uid ?? "");
      this.#returning.set(name, pod);
      this.#files.set(pod);
      // A critical pod that the next life meets before it has met those that have the room.
      if (!this.#up) this.#invariants.forgetRoom();
    } else if (api.byName(name) === undefined) {
      const pod = makePod(name, plan, this.#scripts);
      this.#planOf.set(pod.metadata?.uid ?? "", plan);
      api.create({ ...pod, status: newStatus(pod) });
    }
  }

  /** The API server removes at once what has ended. */
  #delete(name: string, grace: number | undefined): void {
    const { api } = this.#harness;
    this.#files.remove(name);
    const pod = api.byName(name);
    if (pod !== undefined) api.delete(name, isTerminalPhase(pod.status?.phase) ? 0 : grace);
  }

  #change(name: string, next: Extract<Step, { readonly pod: number }>): void {
    const { api } = this.#harness;
    const pod = api.byName(name);
    if (pod === undefined || isStaticPod(pod) || isTerminalPhase(pod.status?.phase)) return;
    if (next.kind === "gate") {
      const lastTransitionTime = new Date(this.#clock.now()).toISOString();
      const condition = { type: gate, status: next.status, lastTransitionTime };
      const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== gate);
      api.setStatus(name, { ...pod.status, conditions: [...others, condition] });
      return;
    }
    api.update(name, (found) => {
      const spec = found.spec ?? { containers: [] };
      if (next.kind === "ephemeral") {
        const debug = { name: `debug-${++this.#ephemeral}`, image: "app:v1" };
        return { ...found, spec: { ...spec, ephemeralContainers: [...(spec.ephemeralContainers ?? []), debug] } };
      }
      if (next.kind === "deadline") {
        const activeDeadlineSeconds = Math.min(next.seconds, spec.activeDeadlineSeconds ?? next.seconds);
        return { ...found, spec: { ...spec, activeDeadlineSeconds } };
      }
      if (next.kind !== "resize" && next.kind !== "image") return found;
      const change = next.kind === "image" ? { image: next.image } : { resources: { requests: { cpu: next.cpu } } };
      const containers = spec.containers.map((one, index) =>
        index === next.container % spec.containers.length ? { ...one, ...change } : one,
      );
      return { ...found, spec: { ...spec, containers } };
    });
  }

  /** Ends all faults, and leaves the time that a kubelet may need to make everything good. */
  async #endFaults(): Promise<void> {
    const { runtime, api } = this.#harness;
    runtime.injector.plan = undefined;
    runtime.feed.muted = false;
    runtime.feed.doubled = false;
    runtime.images.remote = new Set(["app:v1", "app:v2", "remote:v1"]);
    api.down = false;
    api.latencyMs = 0;
    api.fault = () => undefined;
    api.resume();
    this.#actions.answerOf = () => "ok";
    this.#volumeFaults = 0;
    if (!this.#up) this.#startKubelet();
    await this.#harness.settle();
    await this.#harness.advance(quietMs);
  }

  async #deleteAll(): Promise<void> {
    const { api } = this.#harness;
    for (const pod of [...this.#files.pods()]) this.#files.remove(pod.metadata?.name ?? "");
    for (const pod of [...api.pods()])
      if (pod.metadata?.deletionTimestamp === undefined && !isStaticPod(pod))
        this.#delete(pod.metadata?.name ?? "", undefined);
    await this.#harness.advance(quietMs);
  }

  /** What the API shows is what there is, and what nothing but faults keeps from being ready is ready. */
  #expectWell(): void {
    const { api } = this.#harness;
    for (const pod of api.pods()) {
      const plan = this.#planOf.get(uidOfPod(pod));
      if (plan !== undefined && isQuiet(plan)) this.#invariants.settled(pod);
      if (plan !== undefined && isSteady(plan)) this.#invariants.ready(pod);
    }
  }

  #expectNothingLeft(idle: number): void {
    const { api, runtime, volumes, controller, registered, probeMetrics } = this.#harness;
    const names = (pods: Iterable<Pod>) => Array.from(pods, objectKey);
    expect(names(api.pods()), "every pod ends").toEqual([]);
    expect(names(controller.list()), "no pod is known any more").toEqual([]);
    expect([...runtime.sandboxes.keys()], "every sandbox goes").toEqual([]);
    expect([...runtime.containers.keys()], "every container goes").toEqual([]);
    expect([...volumes.mounted], "every volume goes").toEqual([]);
    expect([...registered], "nothing is followed for a pod any more").toEqual([]);
    expect(probeMetrics.render(), "no probe is left").not.toContain("pod-");
    expect(this.#clock.pending, "nothing waits for a pod any more").toBe(idle);
  }
}

function answer(chance: number, { failing, hanging }: { failing: number; hanging: number }): FakeAnswer {
  if (chance < hanging) return "hang";
  return chance < hanging + failing ? 500 : "ok";
}
