import { type Change, createReflector, type KubernetesClient, type Reflector, resources } from "@wherry/client";
import type { Event, KubernetesObject, Node, Pod } from "@wherry/kubernetes";
import { patienceMs } from "../processes/patience.ts";

/** Follows the pods and events of a namespace, and the nodes, by watches; tests wait on it instead of asking again and again. */
export class KubernetesObserver {
  readonly namespace: string;
  readonly #pods: Reflector<Pod>;
  readonly #events: Reflector<Event>;
  readonly #nodes: Reflector<Node>;
  readonly #versions: Map<string, Pod[]> = new Map();

  constructor(client: KubernetesClient, namespace: string) {
    this.namespace = namespace;
    this.#pods = createReflector(client, resources.pods, { namespace });
    this.#events = createReflector(client, resources.events, { namespace });
    this.#nodes = createReflector(client, resources.nodes);
    this.#pods.onChange(({ object }) => {
      const name = object.metadata?.name ?? "";
      const versions = this.#versions.get(name);
      if (versions === undefined) this.#versions.set(name, [object]);
      else versions.push(object);
    });
  }

  /** Follows the server until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#pods.run(signal), this.#events.run(signal), this.#nodes.run(signal)]);
  }

  async ready(): Promise<void> {
    await Promise.all([this.#pods.ready, this.#events.ready, this.#nodes.ready]);
  }

  pod(name: string): Pod | undefined {
    return this.#pods.store.get(`${this.namespace}/${name}`);
  }

  pods(): readonly Pod[] {
    return this.#pods.store.list();
  }

  node(name: string): Node | undefined {
    return this.#nodes.store.get(name);
  }

  /** Every version of the pods of that name that was seen, oldest first. */
  history(name: string): readonly Pod[] {
    return this.#versions.get(name) ?? [];
  }

  /** The events about the pod, oldest first. */
  events(name: string): readonly Event[] {
    const time = (event: Event) => event.firstTimestamp ?? event.eventTime ?? event.metadata?.creationTimestamp ?? "";
    return this.#events.store
      .list()
      .filter((event) => event.involvedObject.kind === "Pod" && event.involvedObject.name === name)
      .toSorted((a, b) => time(a).localeCompare(time(b)));
  }

  /** The pod as soon as `holds` is true of it. */
  async until(name: string, what: string, holds: (pod: Pod) => boolean, timeoutMs: number = patienceMs): Promise<Pod> {
    const probe = () => {
      const pod = this.pod(name);
      return pod !== undefined && holds(pod) ? pod : undefined;
    };
    return untilFound(this.#pods, probe, timeoutMs, () => `pod "${name}": ${what}${this.#describe(name)}`);
  }

  untilPhase(name: string, phase: string, timeoutMs: number = patienceMs): Promise<Pod> {
    return this.until(name, `phase ${phase}`, (pod) => pod.status?.phase === phase, timeoutMs);
  }

  /** Resolves when the API server has no pod of that name. */
  async untilGone(name: string, timeoutMs: number = patienceMs): Promise<void> {
    const probe = () => (this.pod(name) === undefined ? true : undefined);
    await untilFound(this.#pods, probe, timeoutMs, () => `pod "${name}": gone${this.#describe(name)}`);
  }

  /** The first event about the pod with that reason, and a message that matches. */
  async untilEvent(
    name: string,
    reason: string,
    message: RegExp = /^/,
    timeoutMs: number = patienceMs,
  ): Promise<Event> {
    const probe = () => this.events(name).find((event) => event.reason === reason && message.test(event.message ?? ""));
    const what = () => `pod "${name}": event ${reason} with ${message}${this.#describe(name)}`;
    return untilFound(this.#events, probe, timeoutMs, what);
  }

  async untilNode(
    name: string,
    what: string,
    holds: (node: Node) => boolean,
    timeoutMs: number = patienceMs,
  ): Promise<Node> {
    const probe = () => {
      const node = this.node(name);
      return node !== undefined && holds(node) ? node : undefined;
    };
    return untilFound(this.#nodes, probe, timeoutMs, () => `node "${name}": ${what}\n${json(this.node(name)?.status)}`);
  }

  #describe(name: string): string {
    const events = this.events(name).map((event) => `  ${event.type} ${event.reason}: ${event.message}`);
    return `\nstatus: ${json(this.pod(name)?.status)}\nevents:\n${events.join("\n")}`;
  }
}

function untilFound<T extends KubernetesObject, V>(
  reflector: Reflector<T>,
  probe: () => V | undefined,
  timeoutMs: number,
  describe: () => string,
): Promise<V> {
  return new Promise((resolve, reject) => {
    let unsubscribe: (() => void) | undefined;
    const timer = setTimeout(() => {
      unsubscribe?.();
      reject(new Error(`Not within ${timeoutMs} ms: ${describe()}`));
    }, timeoutMs);
    let settled = false;
    const check = (_change?: Change<T>) => {
      if (settled) return;
      const found = probe();
      if (found === undefined) return;
      settled = true;
      clearTimeout(timer);
      unsubscribe?.();
      resolve(found);
    };
    check();
    if (!settled) unsubscribe = reflector.onChange(check);
    if (settled) unsubscribe?.();
  });
}

function json(value: unknown): string {
  return JSON.stringify(value, undefined, 1) ?? "none";
}
