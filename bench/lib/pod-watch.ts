import { createReflector, type KubernetesClient, resources } from "@wherry/client";
import type { Pod } from "@wherry/kubernetes";

/** Sees pods of the namespace "default" change, and says when. */
export class PodWatch implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #pods: Map<string, Pod> = new Map();
  readonly #listeners: Set<() => void> = new Set();
  readonly #running: Promise<void>;
  readonly ready: Promise<void>;

  constructor(client: KubernetesClient) {
    const reflector = createReflector(client, resources.pods, { namespace: "default" });
    reflector.onChange(({ type, key, object }) => {
      const name = key.split("/").at(-1) ?? key;
      if (type === "deleted") this.#pods.delete(name);
      else this.#pods.set(name, object);
      for (const listener of this.#listeners) listener();
    });
    this.ready = reflector.ready;
    this.#running = reflector.run(this.#stop.signal);
  }

  get pods(): ReadonlyMap<string, Pod> {
    return this.#pods;
  }

  /** Resolves with the time (`performance.now`) at which `condition` first held. */
  until(condition: (pods: ReadonlyMap<string, Pod>) => boolean, what: string, timeoutMs = 120_000): Promise<number> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#listeners.delete(check);
        reject(new Error(`Gave up waiting for ${what} after ${timeoutMs} ms`));
      }, timeoutMs);
      const check = () => {
        if (!condition(this.#pods)) return;
        clearTimeout(timer);
        this.#listeners.delete(check);
        resolve(performance.now());
      };
      this.#listeners.add(check);
      check();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

/** Whether the pod is shown as running, container included. */
export function isRunning(pod: Pod | undefined): boolean {
  return pod?.status?.phase === "Running" && pod.status.containerStatuses?.[0]?.state?.running !== undefined;
}

export function isSucceeded(pod: Pod | undefined): boolean {
  return pod?.status?.phase === "Succeeded";
}
