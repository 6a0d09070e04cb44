import type { Logger } from "@wherry/base";
import type { Pod } from "@wherry/kubernetes";

export interface StaticPodSetOptions {
  readonly logger: Logger;
  /** Told once of each thing that is wrong, in a sentence that names where it is. */
  readonly onProblem: (message: string) => void;
}

/** The pods of a source as it knows them now, and what is wrong with it. */
export class StaticPodSet {
  readonly #options: StaticPodSetOptions;
  readonly #ready: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #handlers: Set<(uid: string) => void> = new Set();
  #pods: ReadonlyMap<string, Pod> = new Map();
  #problems: ReadonlySet<string> = new Set();

  constructor(options: StaticPodSetOptions) {
    this.#options = options;
  }

  /** Resolves with the first `replace`. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  get pods(): ReadonlyMap<string, Pod> {
    return this.#pods;
  }

  get problems(): ReadonlySet<string> {
    return this.#problems;
  }

  onChange(handler: (uid: string) => void): () => void {
    this.#handlers.add(handler);
    return () => void this.#handlers.delete(handler);
  }

  /** Makes these the pods there are, by UID, and tells of the difference. A pod that stays must stay the same object. */
  replace(pods: ReadonlyMap<string, Pod>): void {
    const before = this.#pods;
    this.#pods = pods;
    for (const uid of new Set([...before.keys(), ...pods.keys()]))
      if (before.get(uid) !== pods.get(uid)) for (const handler of this.#handlers) handler(uid);
    this.#ready.resolve();
  }

  /** Makes these the problems there are, and tells of those that are new. */
  report(problems: ReadonlySet<string>): void {
    for (const problem of problems) {
      if (this.#problems.has(problem)) continue;
      this.#options.logger.error(problem);
      this.#options.onProblem(problem);
    }
    this.#problems = problems;
  }
}
