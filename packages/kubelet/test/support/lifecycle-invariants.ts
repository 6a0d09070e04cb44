import type { Container, ContainerStatus, Pod, PodSpec, PodStatus } from "@wherry/kubernetes";
import {
  configMirrorAnnotation,
  findPodCondition,
  isMirrorPod,
  isRestartableInitContainer,
  isTerminalPhase,
  mayTakeBackExit,
  parseApiTime,
  podContainers,
  podRequests,
  quantityMilliValue,
  shouldRestartAllAfterExit,
  statusOfContainer,
  tryParseQuantity,
} from "@wherry/kubernetes";
import type { FakeContainer } from "@wherry/testkit";
import { expect } from "vitest";
import { findHostPortClash } from "../../src/admission/host-ports.ts";
import { type KubeletHarness, nodeFacts } from "./kubelet-harness.ts";

/** Watches everything a kubelet publishes and does, and fails at the first thing that may never be. */
export class LifecycleInvariants {
  readonly #harness: KubeletHarness;
  readonly #podOf: (uid: string) => Pod | undefined;
  /** The status stored last, by object. */
  readonly #last: Map<string, PodStatus> = new Map();
  /** When the last instance ended of which the end restarted all of a pod. */
  readonly #restartedAtMs: Map<string, number> = new Map();
  /** Everything that has been started and is still there, by pod. */
  readonly #started: Map<string, FakeContainer[]> = new Map();
  /** Instances that were shown to run, by pod, container and restart count. */
  readonly #counted: Map<string, string> = new Map();
  readonly #returned: Set<string> = new Set();
  #isRoomKnown = true;
  readonly #vanished: FakeContainer[] = [];
  /** IDs of instances that were shown to have ended. */
  readonly #ended: Set<string> = new Set();
  /** Calls of the runtime at the start before, by pod and container. */
  readonly #callsBefore: Map<string, number> = new Map();

  /** @param podOf the object of a pod of this node, whatever it comes from */
  constructor(harness: KubeletHarness, podOf: (uid: string) => Pod | undefined) {
    this.#harness = harness;
    this.#podOf = podOf;
  }

  /** A status is about to be stored. */
  status(pod: Pod, next: PodStatus): void {
    const uid = pod.metadata?.uid ?? "";
    const before = pod.status;
    this.#last.set(uid, next);
    this.#phase(pod, before, next);
    this.#conditions(pod, before, next);
    const spec = pod.spec ?? { containers: [] };
    for (const { kind, container } of podContainers(spec)) {
      const status = statusOfContainer(next, kind, container.name);
      if (status === undefined) continue;
      const earlier = statusOfContainer(before ?? {}, kind, container.name);
      expect(status.restartCount, `restartCount of ${status.name} is monotonic`).toBeGreaterThanOrEqual(
        earlier?.restartCount ?? 0,
      );
      this.#times(status);
      this.#instance(uid, status);
      if (kind === "ephemeral") {
        if (earlier?.state?.terminated) expect(status.state?.terminated, "it never starts again").toBeDefined();
      } else mayLeaveItsEnd(spec, container, earlier, status);
      if (status.ready && status.state?.running !== undefined)
        expect(status.started, `${status.name} is ready only once started`).toBe(true);
    }
  }

  /** A pod that was told to end may live again, beside who took its place: what was asked of the node says nothing any more. */
  forgetRoom(): void {
    this.#isRoomKnown = false;
  }

  /** A static pod comes again that is the same as before. */
  returns(uid: string): void {
    this.#returned.add(uid);
  }

  /** A container was taken away without a word; what it did is done all the same. */
  vanished(container: FakeContainer): void {
    this.#vanished.push(container);
  }

  /** The object is about to be removed by the kubelet. */
  deletion(pod: Pod): void {
    if (isMirrorPod(pod)) return;
    const uid = pod.metadata?.uid ?? "";
    expect(this.#runningOf(uid), "nothing runs at the final delete").toEqual([]);
    expect(["Succeeded", "Failed"], "the phase is terminal at the final delete").toContain(pod.status?.phase);
    expect(pod.metadata?.deletionTimestamp, "only deleted pods are removed").toBeDefined();
    expect([...this.#harness.volumes.mounted], "volumes are given back before the final delete").not.toContain(uid);
    const sandboxes = [...this.#harness.runtime.sandboxes.values()];
    const ready = sandboxes.filter((sandbox) => sandbox.ready && sandbox.config.metadata.uid === uid);
    expect(ready, "no sandbox is ready at the final delete").toEqual([]);
  }

  /** Volumes of a pod are about to go. */
  unmount(uid: string): void {
    expect(this.#runningOf(uid), "nothing runs in a pod whose volumes go").toEqual([]);
  }

  /**
   * A container is about to start.
   *
   * @param uncounted UIDs of pods that do not count on the node, though something of them may still run
   */
  start(starting: FakeContainer, uncounted: ReadonlySet<string>): void {
    const { runtime } = this.#harness;
    const { name } = starting.config;
    const { metadata } = runtime.sandboxes.get(starting.sandboxId)?.config ?? {};
    const uid = metadata?.uid ?? "";
    const pod = this.#podOf(uid);
    expect(isTerminalPhase(this.#last.get(uid)?.phase ?? pod?.status?.phase), `${name} starts in an ended pod`).toBe(
      false,
    );
    const alive = [...runtime.containers.values()].filter(({ state }) => state === "running");
    const twins = alive.filter((other) => other.config.name === name && this.#uidOf(other) === uid);
    expect(
      twins.map(({ id }) => id),
      `no other instance of ${name} runs`,
    ).toEqual([]);
    const ready = [...runtime.sandboxes.values()].filter((one) => one.ready && one.config.metadata.uid === uid);
    expect(ready, `the pod of ${name} has one sandbox`).toHaveLength(1);
    expect([...this.#harness.volumes.mounted], `the pod of ${name} has its volumes`).toContain(uid);
    expect([...this.#harness.registered], `the objects of ${name} are followed`).toContain(uid);
    this.#pulled(starting, uid);
    this.#restartOfAll(uid, pod);
    this.#started.set(uid, [...(this.#started.get(uid) ?? []), starting]);
    this.#order(starting, pod?.spec);
    this.#room(uid, alive, uncounted);
  }

  /** All faults have been over for long: the API has to show what there is. */
  settled(pod: Pod): void {
    const { controller, runtime } = this.#harness;
    const uid = uidOfPod(pod);
    const title = pod.metadata?.name;
    const known = controller.getByUid(uid);
    expect(known, `${title} is known`).toBeDefined();
    // One that has ended in an earlier life, and begins again, has another mirror once it runs.
    if (!isMirrorPod(pod) || !isTerminalPhase(pod.status?.phase)) {
      const shown = { phase: pod.status?.phase, containers: statesOf(pod.status) };
      expect(shown, `the API shows what the kubelet knows of ${title}`).toEqual({
        phase: known?.status?.phase,
        containers: statesOf(known?.status),
      });
    }
    if (!isMirrorPod(pod))
      expect(pod.status?.observedGeneration, `the generation of ${title} was seen`).toBe(pod.metadata?.generation);
    const running = [...runtime.containers.values()].filter(
      (container) => container.state === "running" && this.#uidOf(container) === uid,
    );
    const hooked = new Set(
      podContainers(pod.spec ?? { containers: [] }).flatMap(({ kind, container }) =>
        kind === "init" || container.lifecycle?.postStart !== undefined ? [container.name] : [],
      ),
    );
    const ids = containersOf(pod.status ?? {}).flatMap(({ state, containerID }) => (state?.running ? containerID : []));
    for (const id of ids)
      expect(
        running.map((one) => `fake://${one.id}`),
        `${title} runs what it shows`,
      ).toContain(id);
    // While a postStart hook runs its container is not shown, and an init container that runs again is as it was.
    for (const one of running.filter(({ config }) => !hooked.has(config.name)))
      expect(ids, `${title} shows what runs of it`).toContain(`fake://${one.id}`);
  }

  /** Nothing keeps the pod from being well: it has ended for a reason, or is ready. */
  ready(pod: Pod): void {
    if (isTerminalPhase(pod.status?.phase)) {
      expect(pod.status?.reason, "a pod that never ends by itself says why it ended").toBeDefined();
      return;
    }
    if (pod.metadata?.deletionTimestamp !== undefined) return;
    const gated = (pod.spec?.readinessGates ?? []).length > 0;
    expect(findPodCondition(pod.status, gated ? "ContainersReady" : "Ready")?.status, JSON.stringify(pod.status)).toBe(
      "True",
    );
    for (const type of ["PodResizeInProgress", "AllContainersRestarting"])
      expect(findPodCondition(pod.status, type)?.status, type).not.toBe("True");
  }

  #phase(pod: Pod, before: PodStatus | undefined, next: PodStatus): void {
    // A static pod that returns as it was may show its new life in the mirror pod of the one before.
    const livesAgain = isMirrorPod(pod) && this.#returned.has(uidOfPod(pod));
    if (isTerminalPhase(before?.phase)) {
      expect(next.phase, "terminal phases are absorbing").toBe(before?.phase);
      if (!livesAgain) expect(next.reason, "so are their reasons").toBe(before?.reason);
    }
    if (this.#isRoomKnown && /^(OutOf|NodePorts)/.test(next.reason ?? ""))
      expect(wasRunning(before), "a pod that ran is not refused for what others ask for").toBe(false);
    // Or run by the time the end of its earlier life is written, to another mirror pod than its own.
    if (isTerminalPhase(next.phase) && !livesAgain)
      expect(this.#runningOf(uidOfPod(pod)), "nothing runs in a pod that is said to have ended").toEqual([]);
    if (before?.startTime !== undefined && !livesAgain)
      expect(next.startTime, "the start never moves").toBe(before.startTime);
    expect(next.qosClass ?? before?.qosClass, "the QoS class never changes").toBe(before?.qosClass ?? next.qosClass);
  }

  #conditions(pod: Pod, before: PodStatus | undefined, status: PodStatus): void {
    const of = (type: string) => findPodCondition(status, type)?.status;
    if (of("Ready") === "True") {
      expect(of("ContainersReady"), "Ready needs ContainersReady").toBe("True");
      expect(status.phase, "Ready needs a pod that runs").toBe("Running");
      // It may have been closed while the status was on its way.
      for (const { conditionType } of pod.spec?.readinessGates ?? [])
        expect(findPodCondition(pod.status, conditionType), `Ready needs ${conditionType}`).toBeDefined();
    }
    if (of("ContainersReady") === "True") {
      const sidecars = (pod.spec?.initContainers ?? []).filter(isRestartableInitContainer);
      for (const { name } of [...sidecars, ...(pod.spec?.containers ?? [])]) {
        const found = containersOf(status).find((candidate) => candidate.name === name);
        expect(found?.ready, `ContainersReady needs ${name} ready`).toBe(true);
        expect(found?.state?.running, `ContainersReady needs ${name} running`).toBeDefined();
      }
    }
    const types = (status.conditions ?? []).map(({ type }) => type);
    expect(new Set(types).size, `each condition once: ${types.join()}`).toBe(types.length);
    for (const { type, lastTransitionTime } of status.conditions ?? []) {
      const earlier = findPodCondition(before, type);
      if (earlier === undefined) continue;
      // It may have flipped back and forth before a write came through.
      expect(parseApiTime(lastTransitionTime), `${type} goes on in time`).toBeGreaterThanOrEqual(
        parseApiTime(earlier.lastTransitionTime) ?? 0,
      );
    }
  }

  #times({ name, state, lastState }: ContainerStatus): void {
    const ended = parseApiTime(lastState?.terminated?.finishedAt);
    const started = parseApiTime(state?.running?.startedAt ?? state?.terminated?.startedAt);
    if (ended !== undefined && started !== undefined)
      expect(ended, `lastState of ${name} is not newer than its state`).toBeLessThanOrEqual(started);
    for (const terminated of [state?.terminated, lastState?.terminated]) {
      const [from, to] = [parseApiTime(terminated?.startedAt), parseApiTime(terminated?.finishedAt)];
      if (from !== undefined && to !== undefined)
        expect(to, `${name} ended after it started`).toBeGreaterThanOrEqual(from);
    }
    const kinds = [state?.running, state?.waiting, state?.terminated].filter((kind) => kind !== undefined);
    expect(kinds.length, `${name} has one state`).toBe(1);
  }

  /** What has ended does not run again, and no two instances have the same count. */
  #instance(uid: string, { name, state, containerID, restartCount }: ContainerStatus): void {
    if (state?.running !== undefined) {
      expect(this.#ended.has(containerID ?? ""), `${name} runs again after its end was shown`).toBe(false);
      expect(containerID, `${name} runs as something`).toBeDefined();
      const key = `${uid}/${name}/${restartCount}`;
      expect(this.#counted.get(key) ?? containerID, `${name} with restartCount ${restartCount}`).toBe(containerID);
      this.#counted.set(key, containerID ?? "");
    }
    if (state?.terminated?.containerID !== undefined) this.#ended.add(state.terminated.containerID);
  }

  /** Every start follows a look for the image that is the start's own. */
  #pulled({ config }: FakeContainer, uid: string): void {
    const { calls } = this.#harness.runtime.injector;
    const key = `${uid}/${config.name}`;
    const since = calls.slice(this.#callsBefore.get(key) ?? 0);
    this.#callsBefore.set(key, calls.length);
    const looked = since.some(({ verb }) => verb === "imageStatus" || verb === "pullImage");
    expect(looked, `the image of ${config.name} was looked for`).toBe(true);
  }

  #order({ sandboxId, config: { name } }: FakeContainer, spec: PodSpec | undefined): void {
    if (spec === undefined || (spec.ephemeralContainers ?? []).some((one) => one.name === name)) return;
    const init = spec.initContainers ?? [];
    const index = init.findIndex((one) => one.name === name);
    const here = [...this.#harness.runtime.containers.values(), ...this.#vanished].filter(
      (other) => other.sandboxId === sandboxId,
    );
    const appsStarted = here.some(
      ({ config, state }) => state !== "created" && spec.containers.some((one) => one.name === config.name),
    );
    if (appsStarted) return;
    for (const earlier of index < 0 ? init : init.slice(0, index)) {
      const instances = here.filter(({ config }) => config.name === earlier.name);
      const done = isRestartableInitContainer(earlier)
        ? instances.some(({ state }) => state !== "created")
        : instances.some(({ state, exitCode }) => state === "exited" && exitCode === 0);
      expect(done, `${name} starts only after ${earlier.name} did its part`).toBe(true);
    }
  }

  /** The node never has more to bear than it can. */
  #room(uid: string, alive: readonly FakeContainer[], uncounted: ReadonlySet<string>): void {
    if (!this.#isRoomKnown) return;
    const uids = new Set([uid, ...alive.map((one) => this.#uidOf(one))]);
    const pods = [...uids]
      .filter((one) => !uncounted.has(one))
      .flatMap((one) => this.#harness.controller.getByUid(one) ?? []);
    const milli = pods
      .map(({ spec }) => podRequests(spec ?? { containers: [] })["cpu"])
      .map((cpu) => (cpu === undefined ? 0 : quantityMilliValue(cpu)));
    const names = pods.map(({ metadata }) => metadata?.name).join();
    const most = tryParseQuantity(nodeFacts.allocatable["cpu"] ?? "");
    expect(
      milli.reduce((sum, cpu) => sum + cpu, 0),
      `the node has cpu for ${names}`,
    ).toBeLessThanOrEqual(most === undefined ? 0 : quantityMilliValue(most));
    const own = pods.find(({ metadata }) => metadata?.uid === uid);
    if (own === undefined) return;
    const others = pods.filter((other) => other !== own);
    expect(findHostPortClash(own, others), `ports of ${names}`).toBeUndefined();
  }

  /** What asked for a restart of all containers goes last: once it is gone, so is all that was started before it ended. */
  #restartOfAll(uid: string, pod: Pod | undefined): void {
    const { initContainers = [], containers = [] } = pod?.spec ?? {};
    const started = (this.#started.get(uid) ?? []).filter(({ config }) => !config.name.startsWith("debug-"));
    const isThere = ({ id }: FakeContainer) => this.#harness.runtime.containers.has(id);
    const asked = started.filter((instance) => {
      const container = [...initContainers, ...containers].find(({ name }) => name === instance.config.name);
      return instance.state === "exited" && shouldRestartAllAfterExit(container ?? {}, instance.exitCode);
    });
    const ends = asked
      .filter((instance) => !isThere(instance) && !this.#vanished.includes(instance))
      .map(({ finishedAtMs }) => finishedAtMs);
    const restartedAtMs = Math.max(this.#restartedAtMs.get(uid) ?? 0, ...ends);
    this.#restartedAtMs.set(uid, restartedAtMs);
    const there = started.filter(isThere);
    // What is gone has said all it had to say.
    this.#started.set(uid, there);
    for (const { startedAtMs, config } of there)
      expect(startedAtMs, `${config.name} was started anew since all were restarted`).toBeGreaterThanOrEqual(
        restartedAtMs,
      );
  }

  #uidOf({ sandboxId }: FakeContainer): string {
    return this.#harness.runtime.sandboxes.get(sandboxId)?.config.metadata.uid ?? "";
  }

  #runningOf(uid: string): string[] {
    return [...this.#harness.runtime.containers.values()]
      .filter((container) => container.state === "running" && this.#uidOf(container) === uid)
      .map(({ config }) => config.name);
  }
}

/** What the API server refuses: it would refuse every later status as well. */
function mayLeaveItsEnd(
  spec: PodSpec,
  container: Container,
  before: ContainerStatus | undefined,
  { name, state }: ContainerStatus,
): void {
  const ended = before?.state?.terminated;
  if (ended === undefined || mayTakeBackExit(spec, container, ended.exitCode)) return;
  expect(state?.terminated, `${name} has ended for good`).toBeDefined();
}

/** UID of the pod that runs, also of one that a mirror pod shows. */
export function uidOfPod({ metadata }: Pod): string {
  return metadata?.annotations?.[configMirrorAnnotation] ?? metadata?.uid ?? "";
}

function wasRunning(status: PodStatus | undefined): boolean {
  return containersOf(status ?? {}).some(
    ({ state, lastState }) => state?.running !== undefined || lastState?.terminated !== undefined,
  );
}

function containersOf(status: PodStatus): ContainerStatus[] {
  return [
    ...(status.initContainerStatuses ?? []),
    ...(status.containerStatuses ?? []),
    ...(status.ephemeralContainerStatuses ?? []),
  ];
}

function statesOf(status: PodStatus | undefined): unknown {
  return containersOf(status ?? {}).map(({ name, state, containerID, restartCount, ready }) => ({
    name,
    state,
    containerID,
    restartCount,
    ready,
  }));
}
