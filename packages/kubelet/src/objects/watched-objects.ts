import { type Clock, errorMessage, isAbort, type Logger, raceAbort } from "@wherry/base";
import type { KubernetesObject } from "@wherry/kubernetes";
import type { ObjectCallOptions } from "../ports/object-cache.ts";
import { retryLag } from "./retry-lag.ts";

/** Where single objects come from; `clientObjectSource` is the one for an API server. */
export interface ObjectSource<T> {
  /** Undefined when the object does not exist; rejects when the server forbids it or cannot be asked. */
  get(namespace: string, name: string, signal?: AbortSignal): Promise<T | undefined>;
  /**
   * Calls `onState` with the object, or undefined when it does not exist, now and after each change, until `signal` aborts.
   * Retries by itself; rejects only for good.
   */
  follow(namespace: string, name: string, onState: (object: T | undefined) => void, signal: AbortSignal): Promise<void>;
}

/** An object with the field that config maps and secrets promise their constancy with. */
export type WatchableObject = KubernetesObject & { immutable?: boolean | undefined };

export interface WatchedObjectsOptions<T extends WatchableObject> {
  readonly source: ObjectSource<T>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of each change of a held object after it was first read. */
  readonly onChange: (namespace: string, name: string, holders: readonly string[]) => void;
  /** How long an object that nobody holds any longer stays watched. @default 60 s */
  readonly lingerMs?: number;
}

interface Entry<T> {
  readonly namespace: string;
  readonly name: string;
  readonly holders: Set<string>;
  readonly controller: AbortController;
  object: T | undefined;
  /** Counts what the watch told. */
  revision: number;
  /** The read under way that all callers share. */
  reading: Promise<T | undefined> | undefined;
  following: boolean;
  cancelLinger: (() => void) | undefined;
}

/**
 * Objects of one kind, each read once and then watched by itself while somebody holds it, because the node authorizer lets a
 * kubelet read only what its pods name.
 *
 * The first `get` costs one round trip, later ones none. An immutable object is not watched. An object known to be absent is
 * asked for again at each `get`, so that a pod does not wait for a watch to tell. While the server is away the last state known
 * is served.
 */
export class WatchedObjects<T extends WatchableObject> {
  readonly #options: Required<WatchedObjectsOptions<T>>;
  readonly #entries: Map<string, Entry<T>> = new Map();
  readonly #held: Map<string, ReadonlySet<string>> = new Map();
  readonly #tasks: Set<Promise<void>> = new Set();
  #closed = false;

  constructor(options: WatchedObjectsOptions<T>) {
    this.#options = { lingerMs: 60_000, ...options };
  }

  /** Number of objects watched or lingering. */
  get size(): number {
    return this.#entries.size;
  }

  /** Makes `holder` hold exactly these objects. Idempotent. */
  hold(holder: string, objects: readonly { readonly namespace: string; readonly name: string }[]): void {
    const keys = new Set(objects.map(({ namespace, name }) => keyOf(namespace, name)));
    for (const { namespace, name } of objects) this.#entry(namespace, name).holders.add(holder);
    for (const key of this.#held.get(holder) ?? []) if (!keys.has(key)) this.#letGo(key, holder);
    if (keys.size === 0) this.#held.delete(holder);
    else this.#held.set(holder, keys);
  }

  /** Gives back what `holder` holds. Idempotent. */
  release(holder: string): void {
    this.hold(holder, []);
  }

  async get(namespace: string, name: string, options: ObjectCallOptions = {}): Promise<T | undefined> {
    const entry = this.#entries.get(keyOf(namespace, name));
    if (entry === undefined) return this.#read(namespace, name, options.signal);
    if (entry.object !== undefined) return entry.object;
    return raceAbort(this.#shareRead(entry), options.signal);
  }

  /** Starts to read a held object that was not read yet, for a `get` soon after. Never fails. */
  prefetch(namespace: string, name: string): void {
    const entry = this.#entries.get(keyOf(namespace, name));
    if (entry === undefined || entry.object !== undefined || entry.following) return;
    this.#shareRead(entry).catch(() => undefined);
  }

  /** Watches until `signal` aborts; afterwards nothing is watched any more. */
  async run(signal: AbortSignal): Promise<void> {
    if (!signal.aborted)
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    this.#closed = true;
    for (const entry of this.#entries.values()) this.#drop(entry);
    await Promise.all(this.#tasks);
  }

  #entry(namespace: string, name: string): Entry<T> {
    const key = keyOf(namespace, name);
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = {
        namespace,
        name,
        holders: new Set(),
        controller: new AbortController(),
        object: undefined,
        revision: 0,
        reading: undefined,
        following: false,
        cancelLinger: undefined,
      };
      this.#entries.set(key, entry);
    }
    entry.cancelLinger?.();
    entry.cancelLinger = undefined;
    return entry;
  }

  #letGo(key: string, holder: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.holders.delete(holder);
    if (entry.holders.size > 0) return;
    entry.cancelLinger = this.#options.clock.setTimer(this.#options.lingerMs, () => this.#drop(entry));
  }

  #drop(entry: Entry<T>): void {
    entry.cancelLinger?.();
    entry.controller.abort();
    this.#entries.delete(keyOf(entry.namespace, entry.name));
  }

  #read(namespace: string, name: string, signal: AbortSignal | undefined): Promise<T | undefined> {
    const { source, clock } = this.#options;
    return retryLag(() => source.get(namespace, name, signal), clock, signal);
  }

  #shareRead(entry: Entry<T>): Promise<T | undefined> {
    entry.reading ??= this.#readEntry(entry).finally(() => {
      entry.reading = undefined;
    });
    return entry.reading;
  }

  async #readEntry(entry: Entry<T>): Promise<T | undefined> {
    const { signal } = entry.controller;
    const { revision } = entry;
    const object = await this.#read(entry.namespace, entry.name, signal);
    // What the watch told meanwhile is at least as new.
    if (entry.revision === revision && object !== undefined) entry.object = slim(object);
    if (!this.#closed && !signal.aborted && !entry.following && entry.object?.immutable !== true) this.#follow(entry);
    return entry.object;
  }

  #follow(entry: Entry<T>): void {
    entry.following = true;
    const task = this.#followToEnd(entry);
    this.#tasks.add(task);
    void task.finally(() => this.#tasks.delete(task));
  }

  async #followToEnd(entry: Entry<T>): Promise<void> {
    const { source, logger } = this.#options;
    const { namespace, name, controller } = entry;
    try {
      await source.follow(namespace, name, (object) => this.#changed(entry, object), controller.signal);
    } catch (error) {
      if (controller.signal.aborted && isAbort(error, controller.signal)) return;
      logger.warn("Watch of a referenced object ended", { namespace, name, error: errorMessage(error) });
    } finally {
      // The next get reads anew and watches again.
      entry.following = false;
      entry.object = undefined;
    }
  }

  #changed(entry: Entry<T>, object: T | undefined): void {
    if (entry.controller.signal.aborted || isOlder(object, entry.object)) return;
    const before = versionOf(entry.object);
    entry.revision++;
    entry.object = object === undefined ? undefined : slim(object);
    if (versionOf(entry.object) !== before) this.#options.onChange(entry.namespace, entry.name, [...entry.holders]);
  }
}

function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

function versionOf(object: KubernetesObject | undefined): string | undefined {
  return object && `${object.metadata?.uid}/${object.metadata?.resourceVersion}`;
}

/**
 * Whether `object` is an earlier version of `known`: a watch may start with what the server's cache held before our read.
 * Resource versions of one object are numbers that grow (KEP-5504).
 */
function isOlder(object: KubernetesObject | undefined, known: KubernetesObject | undefined): boolean {
  const versions = [object?.metadata?.resourceVersion, known?.metadata?.resourceVersion].map((version) =>
    version !== undefined && /^\d{1,20}$/.test(version) ? BigInt(version) : undefined,
  );
  const [its, ours] = versions;
  return its !== undefined && ours !== undefined && object?.metadata?.uid === known?.metadata?.uid && its < ours;
}

/** Without the bookkeeping of field managers, which nobody here reads and which can be larger than the data. */
function slim<T extends KubernetesObject>(object: T): T {
  if (object.metadata?.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
