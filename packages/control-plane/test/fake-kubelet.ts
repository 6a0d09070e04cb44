import type { ApiClient, Watch } from "./api-client.ts";

const leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
const renewIntervalMs = 10_000;

/** What a pod of the fake kubelet does, by its label `does`; without one it runs and is ready. */
export type PodBehaviour = "run" | "succeed" | "fail" | "hold" | "unready";

interface SeenPod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly containers: readonly { readonly name: string; readonly image: string }[] };
  readonly status?: { readonly phase?: string };
}

/**
 * Plays the kubelet of one node: pods bound to it run, succeed or fail at once as their label says, and go when they are
 * asked to. It needs no more of an API server than a client.
 */
export class FakeKubelet implements AsyncDisposable {
  readonly #client: ApiClient;
  readonly #watch: Watch;
  readonly #renewing: NodeJS.Timeout;
  readonly #working: Promise<void>;
  /** UIDs of pods whose first status is told: an older event that comes late must not tell it again. */
  readonly #begun: Set<string> = new Set();
  /** Refusals that were not expected, for the end of a test. */
  readonly problems: string[] = [];

  private constructor(client: ApiClient, watch: Watch, nodeName: string) {
    this.#client = client;
    this.#watch = watch;
    // A node that is not heard of for 50 s gets no pods from a real control plane.
    this.#renewing = setInterval(() => {
      client.patch(`${leases}/${nodeName}`, { spec: { renewTime: microTime() } }).catch(() => undefined);
    }, renewIntervalMs);
    this.#working = this.#work();
  }

  /** Registers the node and begins to run its pods. */
  static async start(client: ApiClient, node: { readonly metadata: { readonly name: string } }): Promise<FakeKubelet> {
    const { name } = node.metadata;
    const { code, body } = await client.post("/api/v1/nodes", node);
    if (code !== 201) throw new Error(`Cannot register node "${name}": ${JSON.stringify(body)}`);
    await client.post(leases, {
      metadata: { name },
      spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime: microTime() },
    });
    return new FakeKubelet(client, await client.watch(`/api/v1/pods?fieldSelector=spec.nodeName=${name}`), name);
  }

  /** Reports what has become of a pod that was held. */
  async report(namespace: string, name: string, behaviour: PodBehaviour): Promise<void> {
    const { body } = await this.#client.get(`/api/v1/namespaces/${namespace}/pods/${name}`);
    this.#begun.add(body.metadata.uid);
    await this.#setStatus(body, behaviour);
  }

  async #work(): Promise<void> {
    for (let event = await this.#watch.next(); event !== undefined; event = await this.#watch.next()) {
      if (event.type === "ADDED" || event.type === "MODIFIED") await this.#see(event.object);
    }
  }

  async #see(pod: SeenPod): Promise<void> {
    const { name, namespace, uid, labels, deletionTimestamp } = pod.metadata;
    const phase = pod.status?.phase ?? "Pending";
    if (deletionTimestamp !== undefined) {
      if (phase === "Pending" || phase === "Running") await this.#setStatus(pod, "fail");
      const options = { gracePeriodSeconds: 0, preconditions: { uid } };
      this.#check(await this.#client.delete(`/api/v1/namespaces/${namespace}/pods/${name}`, options), name);
      return;
    }
    const behaviour = (labels?.["does"] ?? "run") as PodBehaviour;
    if (phase !== "Pending" || behaviour === "hold" || this.#begun.has(uid)) return;
    if (await this.#setStatus(pod, behaviour)) this.#begun.add(uid);
  }

  /** Gives whether the server took it. */
  async #setStatus({ metadata, spec }: SeenPod, behaviour: PodBehaviour): Promise<boolean> {
    const now = `${new Date().toISOString().slice(0, 19)}Z`;
    const isReady = behaviour === "run";
    const hasEnded = behaviour === "succeed" || behaviour === "fail";
    const exitCode = behaviour === "fail" ? 7 : 0;
    const reason = behaviour === "fail" ? "Error" : "Completed";
    const state = hasEnded
      ? { terminated: { exitCode, reason, startedAt: now, finishedAt: now } }
      : { running: { startedAt: now } };
    const phase = !hasEnded ? "Running" : exitCode === 0 ? "Succeeded" : "Failed";
    const status = {
      phase,
      startTime: now,
      conditions: [
        { type: "Ready", status: isReady ? "True" : "False", lastTransitionTime: now },
        { type: "ContainersReady", status: isReady ? "True" : "False", lastTransitionTime: now },
      ],
      containerStatuses: spec.containers.map(({ name, image }) => ({
        name,
        image,
        imageID: "",
        ready: isReady,
        started: !hasEnded,
        restartCount: 0,
        state,
      })),
    };
    const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/status`;
    const patch = { metadata: { uid: metadata.uid }, status };
    const answer = await this.#client.patch(path, patch, "strategic-merge");
    this.#check(answer, metadata.name);
    return answer.code < 400;
  }

  #check({ code, body }: { code: number; body: unknown }, name: string): void {
    // A pod may go, or be replaced by another of its name, at any time.
    if (code < 400 || code === 404 || code === 409) return;
    this.problems.push(`pod ${name}: ${JSON.stringify(body)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#renewing);
    this.#watch[Symbol.dispose]();
    await this.#working;
  }
}

function microTime(): string {
  return new Date().toISOString().replace("Z", "000Z");
}
