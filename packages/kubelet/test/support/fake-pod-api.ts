import type { Clock } from "@wherry/base";
import { applyStrategicMergePatch, type JsonObject, type Pod, type PodStatus, qosClass } from "@wherry/kubernetes";
import type { PodSource } from "../../src/pods/pod-source.ts";
import type { PodStatusApi } from "../../src/status/pod-status-api.ts";

interface Patch {
  readonly metadata: { readonly uid: string };
  readonly status: JsonObject;
}

/** What the API server gives a pod that is made. */
export function newStatus({ spec }: Pod): PodStatus {
  return { phase: "Pending", qosClass: qosClass(spec ?? { containers: [] }) };
}

/** The pods of one node as an API server would keep them, in memory; source and writer side. */
export class FakePodApi implements PodSource, PodStatusApi {
  readonly name = "fake";
  readonly ready: Promise<void> = Promise.resolve();
  /** Every status stored, by pod name. */
  readonly history: Map<string, PodStatus[]> = new Map();
  readonly deletions: string[] = [];
  /** While true, every call fails. */
  down = false;
  /** Told of each status before it is stored. */
  onStatus: (pod: Pod, status: PodStatus) => void = () => undefined;
  /** Told of each removal that the kubelet asks for. */
  onDeletion: (pod: Pod) => void = () => undefined;
  /** Time each call takes. */
  latencyMs = 0;
  /** Asked for each call: `fail` has no effect, `lose` has its effect and fails all the same. */
  fault: () => "fail" | "lose" | undefined = () => undefined;
  readonly #clock: Clock;
  readonly #pods: Map<string, Pod> = new Map();
  readonly #handlers: Set<(uid: string) => void> = new Set();
  /** What a watch that has got stuck still shows. */
  #shown: Map<string, Pod> | undefined;
  #version = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get patches(): number {
    return [...this.history.values()].reduce((sum, statuses) => sum + statuses.length, 0);
  }

  pods(): Iterable<Pod> {
    return (this.#shown ?? this.#pods).values();
  }

  get(uid: string): Pod | undefined {
    return (this.#shown ?? this.#pods).get(uid);
  }

  /** The pod as it is, whatever the watch shows. */
  stored(uid: string): Pod | undefined {
    return this.#pods.get(uid);
  }

  /** The watch shows nothing new until it is `resumed`. */
  stall(): void {
    this.#shown ??= new Map(this.#pods);
  }

  /** All pods are listed anew, as after a watch that expired; only the differences are told. */
  resume(): void {
    const shown = this.#shown;
    if (shown === undefined) return;
    this.#shown = undefined;
    for (const pod of [...shown.values(), ...this.#pods.values()])
      if (shown.get(pod.metadata?.uid ?? "") !== this.#pods.get(pod.metadata?.uid ?? "")) this.#tell(pod);
  }

  byName(name: string): Pod | undefined {
    return [...this.#pods.values()].find((pod) => pod.metadata?.name === name);
  }

  onChange(handler: (uid: string) => void): () => void {
    this.#handlers.add(handler);
    return () => void this.#handlers.delete(handler);
  }

  async run(): Promise<void> {}

  create(pod: Pod): Pod {
    const uid = pod.metadata?.uid ?? `uid-${++this.#version}`;
    const created: Pod = {
      ...pod,
      metadata: {
        namespace: "default",
        creationTimestamp: new Date(this.#clock.now()).toISOString(),
        generation: 1,
        ...pod.metadata,
        uid,
      },
      status: pod.status ?? { phase: "Pending", qosClass: "BestEffort" },
    };
    this.#store(created);
    return created;
  }

  /** Changes spec or metadata, as a user does. */
  update(name: string, change: (pod: Pod) => Pod): void {
    const pod = this.#require(name);
    const next = change(structuredClone(pod));
    next.metadata = { ...next.metadata, generation: (pod.metadata?.generation ?? 0) + 1 };
    this.#store(next);
  }

  /** Changes the status, as another program than the kubelet does. */
  setStatus(name: string, status: PodStatus): void {
    this.#store({ ...this.#require(name), status });
  }

  /** Deletes as a user does: gracefully, or at once with 0. */
  delete(name: string, gracePeriodSeconds?: number): void {
    const pod = this.#require(name);
    const grace = gracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? 30;
    if (grace === 0) {
      this.#remove(pod);
      return;
    }
    const earlier = pod.metadata?.deletionGracePeriodSeconds;
    const seconds = Math.min(grace, earlier ?? grace);
    this.update(name, (next) => ({
      ...next,
      metadata: {
        ...next.metadata,
        deletionTimestamp: new Date(this.#clock.now() + seconds * 1000).toISOString(),
        deletionGracePeriodSeconds: seconds,
      },
    }));
  }

  async patchStatus(pod: Pod, patch: unknown, signal: AbortSignal): Promise<Pod | undefined> {
    const answer = await this.#call(signal);
    const { metadata, status } = patch as Patch;
    const found = this.#pods.get(pod.metadata?.uid ?? "");
    if (found === undefined || found.metadata?.uid !== metadata.uid) return undefined;
    const wire = JSON.parse(JSON.stringify({ status })) as JsonObject;
    const next = applyStrategicMergePatch(found as unknown as JsonObject, wire, "core/v1.Pod") as unknown as Pod;
    const name = found.metadata?.name ?? "";
    this.onStatus(found, next.status ?? {});
    this.history.set(name, [...(this.history.get(name) ?? []), next.status ?? {}]);
    const stored = this.#store(next);
    answer();
    return stored;
  }

  async deletePod(pod: Pod, signal: AbortSignal): Promise<void> {
    const answer = await this.#call(signal);
    const found = this.#pods.get(pod.metadata?.uid ?? "");
    if (found === undefined) return;
    this.onDeletion(found);
    this.deletions.push(found.metadata?.name ?? "");
    this.#remove(found);
    answer();
  }

  /** Creates a pod as a program does, whose name may be taken; answers the pod that has it then. */
  async createPod(pod: Pod, signal: AbortSignal): Promise<Pod> {
    const answer = await this.#call(signal);
    const stored = this.byName(pod.metadata?.name ?? "") ?? this.create({ ...pod, status: newStatus(pod) });
    answer();
    return stored;
  }

  phases(name: string): string[] {
    const phases = (this.history.get(name) ?? []).map((status) => status.phase ?? "");
    return phases.filter((phase, index) => phase !== phases[index - 1]);
  }

  /** Reasons and states one container went through, e.g. `waiting:ContainerCreating`, `running`, `terminated:Error`. */
  states(name: string, container: string): string[] {
    const states = (this.history.get(name) ?? []).map((status) => {
      const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
      const state = all.find((candidate) => candidate.name === container)?.state;
      if (state?.running) return "running";
      if (state?.terminated) return `terminated:${state.terminated.reason}`;
      return `waiting:${state?.waiting?.reason ?? ""}`;
    });
    return states.filter((state, index) => state !== states[index - 1]);
  }

  /** To be called with each answer, which may get lost. */
  async #call(signal: AbortSignal): Promise<() => void> {
    if (this.latencyMs > 0) await this.#clock.sleep(this.latencyMs, signal);
    signal.throwIfAborted();
    if (this.down) throw new Error("connection refused");
    const fault = this.fault();
    if (fault === "fail") throw new Error("internal error");
    return () => {
      if (fault === "lose") throw new Error("connection reset");
    };
  }

  #store(pod: Pod): Pod {
    const stored: Pod = { ...pod, metadata: { ...pod.metadata, resourceVersion: String(++this.#version) } };
    this.#pods.set(stored.metadata?.uid ?? "", stored);
    this.#tell(stored);
    return stored;
  }

  #remove(pod: Pod): void {
    this.#pods.delete(pod.metadata?.uid ?? "");
    this.#tell(pod);
  }

  #tell(pod: Pod): void {
    // A watch is never synchronous with the write.
    queueMicrotask(() => {
      if (this.#shown !== undefined) return;
      for (const handler of this.#handlers) handler(pod.metadata?.uid ?? "");
    });
  }

  #require(name: string): Pod {
    const pod = this.byName(name);
    if (pod === undefined) throw new Error(`No pod "${name}"`);
    return pod;
  }
}
