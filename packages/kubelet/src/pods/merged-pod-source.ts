import { runTogether } from "@wherry/base";
import type { Pod } from "@wherry/kubernetes";
import type { PodSource } from "./pod-source.ts";

/** Several sources as one; pods of one source never remove those of another. */
export class MergedPodSource implements PodSource {
  readonly name: string = "merged";
  readonly ready: Promise<void>;
  readonly #sources: readonly PodSource[];

  constructor(sources: readonly PodSource[]) {
    this.#sources = sources;
    this.ready = Promise.all(sources.map((source) => source.ready)).then(() => undefined);
  }

  *pods(): Iterable<Pod> {
    for (const source of this.#sources) yield* source.pods();
  }

  get(uid: string): Pod | undefined {
    for (const source of this.#sources) {
      const pod = source.get(uid);
      if (pod !== undefined) return pod;
    }
    return undefined;
  }

  onChange(handler: (uid: string) => void): () => void {
    const ends = this.#sources.map((source) => source.onChange(handler));
    return () => {
      for (const end of ends) end();
    };
  }

  run(signal: AbortSignal): Promise<void> {
    return runTogether(
      signal,
      this.#sources.map((source) => (child: AbortSignal) => source.run(child)),
    );
  }
}
