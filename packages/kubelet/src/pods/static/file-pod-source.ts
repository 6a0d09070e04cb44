import { basename, dirname } from "node:path";
import { type Clock, errorMessage, type Logger } from "@wherry/base";
import { objectKey, type Pod } from "@wherry/kubernetes";
import type { PodSource } from "../pod-source.ts";
import { decodeManifest } from "./decode-manifest.ts";
import { type WatchDirectory, watchFileSystem } from "./directory-watch.ts";
import { logIgnored } from "./ignored-parts.ts";
import { type ManifestFile, readManifests } from "./manifest-files.ts";
import { keptPod, staticPod } from "./static-pod.ts";
import { StaticPodSet } from "./static-pod-set.ts";

export interface FilePodSourceOptions {
  /** A manifest, or a directory of manifests. */
  readonly path: string;
  readonly nodeName: string;
  /** How often to look where no notification comes. */
  readonly checkEveryMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told once of each thing that is wrong, in a sentence that names the file and the fields. */
  readonly onProblem: (message: string) => void;
  /** @default notifications of the file system */
  readonly watchDirectory?: WatchDirectory | undefined;
}

/** What is known of one file. */
interface Entry {
  readonly text: string | undefined;
  /** The pod of the file, or of what it held before it became wrong. */
  readonly pod: Pod | undefined;
  readonly problem: string | undefined;
}

/** Many files are written in more than one step. */
const settleMs = 100;
/** How soon a directory that cannot be read is tried again. */
const retryMs = 1000;

/**
 * Static pods from manifests on the node's disk.
 *
 * A file that is wrong ends no pod: those of other files stay, and so does the one it held before, until the file is right again
 * or gone.
 */
export class FilePodSource implements PodSource {
  readonly name: string = "file";
  readonly #options: FilePodSourceOptions;
  readonly #set: StaticPodSet;
  #files: ReadonlyMap<string, Entry> = new Map();

  constructor(options: FilePodSourceOptions) {
    this.#options = options;
    this.#set = new StaticPodSet(options);
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
    const { path, clock, checkEveryMs, watchDirectory = watchFileSystem } = this.#options;
    while (!signal.aborted) {
      const changed = Promise.withResolvers<void>();
      // Watched before it is read, so that no change is missed; anew each time, because the directory may be another one by now.
      const ends = [
        watchDirectory(path, (name) => void (name.startsWith(".") || changed.resolve())),
        watchDirectory(dirname(path), (name) => void (name !== basename(path) || changed.resolve())),
      ];
      try {
        const isRead = await this.#look();
        const waits = new AbortController();
        const inner = AbortSignal.any([signal, waits.signal]);
        const due = clock.sleep(isRead ? checkEveryMs : Math.min(retryMs, checkEveryMs), inner).catch(() => undefined);
        const isNotified = await Promise.race([due.then(() => false), changed.promise.then(() => true)]);
        waits.abort();
        if (isNotified) await clock.sleep(settleMs, signal).catch(() => undefined);
      } finally {
        for (const end of ends) end();
      }
    }
  }

  /** Whether the manifests could be read. */
  async #look(): Promise<boolean> {
    const { path } = this.#options;
    let files: readonly ManifestFile[];
    try {
      files = await readManifests(path);
    } catch (error) {
      this.#set.report(
        new Set([...this.#set.problems, `Cannot read static pods from "${path}": ${errorMessage(error)}`]),
      );
      return false;
    }
    this.#files = new Map(files.map((file) => [file.path, this.#entry(file)]));
    this.#publish();
    return true;
  }

  #entry(file: ManifestFile): Entry {
    const before = this.#files.get(file.path);
    if ("problem" in file)
      return { text: undefined, pod: before?.pod, problem: `Cannot read the manifest "${file.path}": ${file.problem}` };
    if (before?.text === file.text) return before;
    const { nodeName, clock, logger } = this.#options;
    try {
      const { pod: manifest, ...ignored } = decodeManifest(file.text, nodeName);
      logIgnored(ignored, { file: file.path }, logger);
      const pod = staticPod(manifest, { nodeName, source: "file", location: file.path, nowMs: clock.now() });
      return { text: file.text, pod: keptPod(pod, before?.pod), problem: undefined };
    } catch (error) {
      const problem = `Cannot use the manifest "${file.path}": ${errorMessage(error)}`;
      return { text: file.text, pod: before?.pod, problem };
    }
  }

  /** Makes what the files say the pods there are, and tells of the difference. */
  #publish(): void {
    const pods = new Map<string, Pod>();
    const owners = new Map<string, string>();
    const problems = new Set<string>();
    for (const [file, { pod, problem }] of this.#files) {
      if (problem !== undefined) problems.add(problem);
      if (pod === undefined) continue;
      const uid = pod.metadata?.uid ?? "";
      const owner = owners.get(objectKey(pod)) ?? owners.get(uid);
      if (owner !== undefined) {
        problems.add(`Cannot use the manifest "${file}": metadata.name or metadata.uid is that of "${owner}" too`);
        continue;
      }
      owners.set(objectKey(pod), file).set(uid, file);
      pods.set(uid, pod);
    }
    this.#set.report(problems);
    this.#set.replace(pods);
  }
}
