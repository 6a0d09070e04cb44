import { type Clock, errorMessage, type Logger } from "@wherry/base";
import { objectKey, type Pod } from "@wherry/kubernetes";
import type { PodSource } from "../pod-source.ts";
import { decodeManifests } from "./decode-manifest.ts";
import { logIgnored } from "./ignored-parts.ts";
import { fetchManifests, type ManifestRequest } from "./manifest-answer.ts";
import { keptPod, staticPod } from "./static-pod.ts";
import { StaticPodSet } from "./static-pod-set.ts";

export interface UrlPodSourceOptions {
  /** Where a `Pod` or a `PodList` is. */
  readonly request: ManifestRequest;
  readonly nodeName: string;
  readonly checkEveryMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told once of each thing that is wrong, in a sentence that names the server and the fields. */
  readonly onProblem: (message: string) => void;
  /** @default a GET over the network */
  readonly fetch?: ((request: ManifestRequest, signal: AbortSignal) => Promise<string>) | undefined;
}

/**
 * Static pods from a server, asked again and again.
 *
 * No answer, or one that is wrong in any part, ends no pod: all stay as they are until there is a right one. An answer without any content
 * means that there are none, as upstream has it.
 */
export class UrlPodSource implements PodSource {
  readonly name: string = "http";
  readonly #options: UrlPodSourceOptions;
  readonly #set: StaticPodSet;
  /** The server, for people: a URL may hold credentials. */
  readonly #where: string;
  #text: string | undefined;

  constructor(options: UrlPodSourceOptions) {
    this.#options = options;
    this.#set = new StaticPodSet(options);
    const { origin, pathname } = new URL(options.request.url);
    this.#where = `${origin}${pathname}`;
  }

  get ready(): Promise<void> {
    return this.#set.ready;
  }

  pods(): Iterable<Pod> {
    return this.#set.pods.values();
  }

  get(uid: string): Pod | undefined {
    return this.#set.pods.get(uid);
  }

  onChange(handler: (uid: string) => void): () => void {
    return this.#set.onChange(handler);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, checkEveryMs } = this.#options;
    while (!signal.aborted) {
      await this.#look(signal);
      await clock.sleep(checkEveryMs, signal).catch(() => undefined);
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { request, fetch = fetchManifests } = this.#options;
    let text: string;
    try {
      text = await fetch(request, signal);
    } catch (error) {
      if (!signal.aborted) this.#report(`Cannot fetch static pods from "${this.#where}": ${errorMessage(error)}`);
      return;
    }
    if (text === this.#text) return;
    this.#text = text;
    try {
      this.#set.replace(text === "" ? new Map() : this.#podsOf(text));
      this.#report(text === "" ? `Cannot use the static pods of "${this.#where}": the answer is empty` : undefined);
    } catch (error) {
      this.#report(`Cannot use the static pods of "${this.#where}": ${errorMessage(error)}`);
    }
  }

  #podsOf(text: string): Map<string, Pod> {
    const { nodeName, clock, logger, request } = this.#options;
    const { pods, ...ignored } = decodeManifests(text, nodeName);
    logIgnored(ignored, { server: this.#where }, logger);
    const found = new Map<string, Pod>();
    const names = new Set<string>();
    for (const [index, manifest] of pods.entries()) {
      const pod = staticPod(manifest, { nodeName, source: "http", location: request.url, nowMs: clock.now() });
      const uid = pod.metadata?.uid ?? "";
      if (found.has(uid) || names.has(objectKey(pod)))
        throw new Error(`items[${index}] has metadata.name or metadata.uid of another item, each must have its own`);
      names.add(objectKey(pod));
      found.set(uid, keptPod(pod, this.#set.pods.get(uid)));
    }
    return found;
  }

  #report(problem: string | undefined): void {
    if (problem === undefined) {
      if (this.#set.problems.size > 0)
        this.#options.logger.info("Static pods can be used again", { server: this.#where });
      this.#set.report(new Set());
    } else this.#set.report(new Set([problem]));
  }
}
