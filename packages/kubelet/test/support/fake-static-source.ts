import type { Pod } from "@wherry/kubernetes";
import type { PodSource } from "../../src/pods/pod-source.ts";

/** Static pods as files of the node would give them; a changed file is another pod of the same name. */
export class FakeStaticSource implements PodSource {
  readonly name = "file";
  readonly ready: Promise<void> = Promise.resolve();
  readonly #pods: Map<string, Pod> = new Map();
  readonly #handlers: Set<(uid: string) => void> = new Set();

  pods(): Iterable<Pod> {
    return this.#pods.values();
  }

  get(uid: string): Pod | undefined {
    return [...this.#pods.values()].find((pod) => pod.metadata?.uid === uid);
  }

  byName(name: string): Pod | undefined {
    return this.#pods.get(name);
  }

  onChange(handler: (uid: string) => void): () => void {
    this.#handlers.add(handler);
    return () => void this.#handlers.delete(handler);
  }

  async run(): Promise<void> {}

  /** Puts a pod in the place of the one of its name. */
  set(pod: Pod): void {
    const name = pod.metadata?.name ?? "";
    const before = this.#pods.get(name);
    this.#pods.set(name, pod);
    for (const one of [before, pod]) if (one !== undefined) this.#tell(one);
  }

  remove(name: string): void {
    const pod = this.#pods.get(name);
    this.#pods.delete(name);
    if (pod !== undefined) this.#tell(pod);
  }

  #tell(pod: Pod): void {
    queueMicrotask(() => {
      for (const handler of this.#handlers) handler(pod.metadata?.uid ?? "");
    });
  }
}
