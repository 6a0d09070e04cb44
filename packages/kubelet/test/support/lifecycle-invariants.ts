import type { ContainerStatus, Pod, PodStatus } from "@wherry/kubernetes";
import { parseApiTime, shouldRestartAllAfterExit } from "@wherry/kubernetes";
import type { FakeContainer, FakeRuntime } from "@wherry/testkit";
import { expect } from "vitest";

/** Watches everything a kubelet publishes and does, and fails at the first thing that may never be. */
export class LifecycleInvariants {
  readonly #runtime: FakeRuntime;
  readonly #last: Map<string, PodStatus> = new Map();
  /** Everything that has been started, by pod. */
  readonly #started: Map<string, FakeContainer[]> = new Map();

  constructor(runtime: FakeRuntime) {
    this.#runtime = runtime;
  }

  /** A status is about to be stored. */
  status(pod: Pod, next: PodStatus): void {
    const uid = pod.metadata?.uid ?? "";
    const before = this.#last.get(uid) ?? pod.status;
    this.#last.set(uid, next);
    this.#phase(uid, before, next);
    this.#conditions(pod, next);
    for (const status of containersOf(next)) {
      const earlier = containersOf(before ?? {}).find(({ name }) => name === status.name);
      expect(status.restartCount, `restartCount of ${status.name} is monotonic`).toBeGreaterThanOrEqual(
        earlier?.restartCount ?? 0,
      );
      this.#times(status);
      this.#transition(pod, earlier, status);
      if (status.ready && status.state?.running !== undefined)
        expect(status.started, `${status.name} is ready only once started`).toBe(true);
    }
  }

  /** The object is about to be removed by the kubelet. */
  deletion(pod: Pod): void {
    expect(this.#runningOf(pod.metadata?.uid ?? ""), "nothing runs at the final delete").toEqual([]);
    expect(["Succeeded", "Failed"], "the phase is terminal at the final delete").toContain(pod.status?.phase);
    expect(pod.metadata?.deletionTimestamp, "only deleted pods are removed").toBeDefined();
  }

  /** A container is about to start. */
  start(uid: string, container: string, pod: Pod | undefined): void {
    const phase = this.#last.get(uid)?.phase ?? pod?.status?.phase;
    expect(["Succeeded", "Failed"], `${container} starts in an ended pod`).not.toContain(phase);
    const init = pod?.spec?.initContainers ?? [];
    const index = init.findIndex(({ name }) => name === container);
    const starting = this.#runtime.find(pod?.metadata?.name ?? "", container);
    this.#restartOfAll(uid, pod);
    this.#started.set(uid, [...(this.#started.get(uid) ?? []), starting]);
    const { sandboxId } = starting;
    const here = [...this.#runtime.containers.values()].filter((other) => other.sandboxId === sandboxId);
    const appsStarted = here.some(
      ({ config, state }) =>
        state !== "created" && config.name !== container && !init.some(({ name }) => name === config.name),
    );
    if (appsStarted) return;
    for (const earlier of index < 0 ? init : init.slice(0, index)) {
      const instances = here.filter(({ config }) => config.name === earlier.name);
      const done =
        earlier.restartPolicy === "Always"
          ? instances.some(({ state }) => state !== "created")
          : instances.some(({ state, exitCode }) => state === "exited" && exitCode === 0);
      expect(done, `${container} starts only after ${earlier.name} did its part`).toBe(true);
    }
  }

  /** What asked for a restart of all containers goes last: once it is gone, so is all that was started before it ended. */
  #restartOfAll(uid: string, pod: Pod | undefined): void {
    const { initContainers = [], containers = [] } = pod?.spec ?? {};
    const started = this.#started.get(uid) ?? [];
    const isThere = ({ id }: FakeContainer) => this.#runtime.containers.has(id);
    const asked = started.filter((instance) => {
      const container = [...initContainers, ...containers].find(({ name }) => name === instance.config.name);
      return instance.state === "exited" && shouldRestartAllAfterExit(container ?? {}, instance.exitCode);
    });
    const gone = asked.filter((instance) => !isThere(instance));
    for (const { startedAtMs, config } of started.filter(isThere))
      for (const { finishedAtMs, config: cause } of gone)
        expect(startedAtMs, `${config.name} was started anew since ${cause.name} restarted all`).toBeGreaterThanOrEqual(
          finishedAtMs,
        );
  }

  #phase(uid: string, before: PodStatus | undefined, next: PodStatus): void {
    const ended = ["Succeeded", "Failed"];
    if (ended.includes(before?.phase ?? "")) expect(next.phase, "terminal phases are absorbing").toBe(before?.phase);
    if (next.reason === "OutOfcpu")
      expect(wasRunning(before), "a pod that ran is not refused for what others ask for").toBe(false);
    if (ended.includes(next.phase ?? ""))
      expect(this.#runningOf(uid), "nothing runs in a pod that is said to have ended").toEqual([]);
  }

  #conditions(pod: Pod, status: PodStatus): void {
    const of = (type: string) => status.conditions?.find((condition) => condition.type === type)?.status;
    if (of("Ready") === "True") expect(of("ContainersReady"), "Ready needs ContainersReady").toBe("True");
    if (of("ContainersReady") === "True")
      for (const { name } of pod.spec?.containers ?? [])
        expect(
          status.containerStatuses?.find((candidate) => candidate.name === name)?.ready,
          `ContainersReady needs ${name} ready`,
        ).toBe(true);
  }

  /** What the API server refuses: it would refuse every later status as well. */
  #transition({ spec }: Pod, before: ContainerStatus | undefined, { name, state }: ContainerStatus): void {
    const all = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
    const own = all.find((container) => container.name === name)?.restartPolicy;
    const ended = before?.state?.terminated;
    if (ended === undefined || own !== undefined || (spec?.restartPolicy ?? "Always") === "Always") return;
    if (spec?.restartPolicy === "OnFailure" && ended.exitCode !== 0) return;
    expect(state?.terminated, `${name} has ended for good`).toBeDefined();
  }

  #times({ name, state, lastState }: ContainerStatus): void {
    const ended = parseApiTime(lastState?.terminated?.finishedAt);
    const started = parseApiTime(state?.running?.startedAt ?? state?.terminated?.startedAt);
    if (ended !== undefined && started !== undefined)
      expect(ended, `lastState of ${name} is not newer than its state`).toBeLessThanOrEqual(started);
  }

  #runningOf(uid: string): string[] {
    return [...this.#runtime.containers.values()]
      .filter(({ state, sandboxId }) => {
        return state === "running" && this.#runtime.sandboxes.get(sandboxId)?.config.metadata.uid === uid;
      })
      .map(({ config }) => config.name);
  }
}

function wasRunning(status: PodStatus | undefined): boolean {
  return containersOf(status ?? {}).some(
    ({ state, lastState }) => state?.running !== undefined || lastState?.terminated !== undefined,
  );
}

function containersOf(status: PodStatus): ContainerStatus[] {
  return [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
}
