import { abortReason, Backoff, type Clock, errorMessage, type Logger, silentLogger, systemClock } from "@wherry/base";
import { type KubernetesObject, objectKey } from "@wherry/kubernetes";

import { isApiError, isGone, isInvalid, isTransportError, TransportError } from "../errors.ts";
import type { KubernetesClient, WatchEvent, WatchOptions } from "../verbs/kubernetes-client.ts";
import { describeResource, type ResourceDefinition } from "../verbs/resource-definition.ts";
import { ChangeHub } from "./change-hub.ts";
import { listEverything } from "./list-everything.ts";
import { type Change, ObjectStore, type ReadonlyStore } from "./object-store.ts";
import type { Reflector, ReflectorOptions } from "./reflector.ts";
import { recoveryFrom } from "./sync-error.ts";

const initialEventsEnd = "k8s.io/initial-events-end";
const minWatchSeconds = 300;
const maxBackoffMs = 30_000;
const healthyMs = 120_000;
const shortWatchMs = 1000;
// A server that ignores `sendInitialEvents` sends the objects and then nothing.
const initialSilenceMs = 10_000;
/** Watch-lists that may fail one after the other before a list is tried. */
const maxFailedWatchLists = 2;
/** Pause after a list that is too large to be read: it costs much and seldom becomes smaller. */
const oversizeMs = 300_000;
const defaultPageSize = 500;

/**
 * Creates a local copy of the objects of one resource that match the selectors, as client-go's reflector and store are.
 *
 * It gets the first state by watch-list where the server can, otherwise, and after two that failed in whatever way, by list;
 * then it watches, resumes after interruptions where it was, and gets the state anew when the server no longer knows that
 * place. Stored objects have no `managedFields`.
 *
 * @example
 * ```ts
 * const pods = createReflector(client, resources.pods, { fieldSelector: "spec.nodeName=edge-1" });
 * pods.onChange((change) => queue.add(change.key));
 * await pods.run(signal);
 * ```
 */
export function createReflector<T extends KubernetesObject>(
  client: KubernetesClient,
  definition: ResourceDefinition<T>,
  options: ReflectorOptions<T> = {},
): Reflector<T> {
  return new ClientReflector(client, definition, options);
}

class ClientReflector<T extends KubernetesObject> implements Reflector<T> {
  readonly #client: KubernetesClient;
  readonly #definition: ResourceDefinition<T>;
  readonly #options: ReflectorOptions<T>;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #logger: Logger;
  readonly #store: ObjectStore<T>;
  readonly #ready: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #hub: ChangeHub<T>;
  readonly #backoff: Backoff;
  #lastFailureMs: number = Number.NEGATIVE_INFINITY;
  #lastExpiryMs: number = Number.NEGATIVE_INFINITY;
  #lastVersion: string | undefined;
  #synced = false;
  /** The last version was refused: only the server's newest state will do. */
  #versionLost = false;
  #useWatchList: boolean;
  /** Watch-lists that failed since one succeeded or a list was tried instead. */
  #failedWatchLists = 0;
  #shortRounds = 0;

  constructor(client: KubernetesClient, definition: ResourceDefinition<T>, options: ReflectorOptions<T>) {
    this.#client = client;
    this.#definition = definition;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#logger = (options.logger ?? silentLogger).child({
      reflector: describeResource(definition, { namespace: options.namespace }),
    });
    this.#store = new ObjectStore(options.indexers);
    this.#hub = new ChangeHub(this.#store, this.#logger);
    this.#useWatchList = options.watchList ?? true;
    this.#backoff = new Backoff({ initialMs: 800, maxMs: maxBackoffMs, jitter: "full", random: this.#random });
    this.#ready.promise.catch(() => undefined);
  }

  get store(): ReadonlyStore<T> {
    return this.#store;
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  get resourceVersion(): string | undefined {
    return this.#lastVersion;
  }

  onChange(handler: (change: Change<T>) => void): () => void {
    return this.#hub.onChange(handler);
  }

  subscribe(options: { readonly signal?: AbortSignal } = {}): AsyncIterableIterator<Change<T>> {
    return this.#hub.subscribe(options.signal);
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) await this.#round(signal);
    } finally {
      this.#ready.reject(abortReason(signal));
      this.#hub.end();
    }
  }

  /** One list or watch, and the pause its outcome asks for. */
  async #round(signal: AbortSignal): Promise<void> {
    const startedMs = this.#clock.monotonic();
    let pauseMs = 0;
    try {
      const events = this.#synced ? await this.#watch(signal) : await this.#sync(signal);
      const lastedMs = this.#clock.monotonic() - startedMs;
      this.#shortRounds = lastedMs < shortWatchMs ? this.#shortRounds + 1 : 0;
      // Whoever ends every watch at once would otherwise be asked without pause.
      if (lastedMs < shortWatchMs && (events === 0 || this.#shortRounds > 2)) {
        pauseMs = this.#pause();
        this.#logger.debug("Watch ended at once", { retryInMs: Math.round(pauseMs) });
      }
    } catch (error) {
      if (signal.aborted) return;
      pauseMs = this.#recover(error);
    }
    if (pauseMs > 0) await this.#clock.sleep(pauseMs, signal).catch(() => undefined);
  }

  #recover(error: unknown): number {
    const recovery = recoveryFrom(error);
    const wasSynced = this.#synced;
    const expired = wasSynced && isGone(error) && this.#expiresForOnce();
    if (recovery === "relist") this.#synced = false;
    if (expired) {
      // Too old to be watched from, but a list may still be asked to be no older than that, which caches answer.
      this.#logger.info("Watched version expired, listing again", { resourceVersion: this.#lastVersion });
      return 0;
    }
    if (recovery === "relist") this.#versionLost = true;
    const isOversize = !wasSynced && isLimit(error);
    const asked = isApiError(error) ? (error.retryAfterMs ?? 0) : 0;
    const pauseMs = Math.max(asked, isOversize ? oversizeMs : 0, this.#pause());
    this.#logger[isOversize ? "error" : "warn"](wasSynced ? "Watch failed" : "Cannot get the first state", {
      recovery,
      error: errorMessage(error),
      retryInMs: Math.round(pauseMs),
    });
    return pauseMs;
  }

  /** A version that expired now and then is the fate of quiet watches; one after the other is a fault of the server. */
  #expiresForOnce(): boolean {
    const now = this.#clock.monotonic();
    const before = this.#lastExpiryMs;
    this.#lastExpiryMs = now;
    return now - before > maxBackoffMs;
  }

  #pause(): number {
    const now = this.#clock.monotonic();
    if (now - this.#lastFailureMs > healthyMs) this.#backoff.reset();
    this.#lastFailureMs = now;
    return this.#backoff.next();
  }

  /** Makes the store equal to the server's state, and follows it on if that came by a watch. */
  async #sync(signal: AbortSignal): Promise<number> {
    if (this.#useWatchList && this.#failedWatchLists < maxFailedWatchLists) {
      const followed = await this.#syncByWatch(signal);
      if (followed !== undefined) return followed;
    }
    // The next time streaming gets one more chance.
    this.#failedWatchLists = Math.min(this.#failedWatchLists, maxFailedWatchLists - 1);
    const { namespace, fieldSelector, labelSelector, pageSize = defaultPageSize } = this.#options;
    const list = await listEverything(this.#client, this.#definition, {
      namespace,
      fieldSelector,
      labelSelector,
      pageSize,
      resourceVersion: this.#versionLost ? "" : (this.#lastVersion ?? "0"),
      signal,
    });
    this.#replace(
      list.items.map((item) => this.#prepare(item)),
      list.resourceVersion,
    );
    return list.items.length + 1;
  }

  /** Answers undefined if the server did not manage: then a list has to do. */
  async #syncByWatch(signal: AbortSignal): Promise<number | undefined> {
    const silence = new AbortController();
    let cancelSilence = () => {};
    const listen = () => {
      cancelSilence();
      cancelSilence = this.#clock.setTimer(initialSilenceMs, () => silence.abort(unfinished("no bookmark in time")));
    };
    const initial = new Map<string, T>();
    let live = 0;
    listen();
    try {
      const events = this.#client.watch(this.#definition, {
        ...this.#watchOptions(AbortSignal.any([signal, silence.signal])),
        sendInitialEvents: true,
        resourceVersionMatch: "NotOlderThan",
        resourceVersion: this.#versionLost ? undefined : this.#lastVersion,
      });
      for await (const event of events) {
        if (this.#synced) {
          this.#apply(event);
          live++;
          continue;
        }
        listen();
        if (event.type === "BOOKMARK") {
          if (event.object.metadata?.annotations?.[initialEventsEnd] !== "true") continue;
          cancelSilence();
          this.#replace(initial.values(), versionOf(event));
          this.#failedWatchLists = 0;
        } else if (event.type === "DELETED") initial.delete(keyOf(event));
        else initial.set(keyOf(event), this.#prepare(event.object));
      }
      if (!this.#synced) throw unfinished("watch ended before it was complete");
    } catch (error) {
      if (this.#synced || signal.aborted) throw error;
      if (!fallsBackToList(error)) {
        if (!isUnreached(error)) this.#failedWatchLists++;
        throw error;
      }
      // Refused, or answered like any watch: it will be so next time.
      if (isInvalid(error) || (silence.signal.aborted && initial.size > 0)) this.#useWatchList = false;
      this.#logger.info("Server did not stream the first state, listing instead", { error: errorMessage(error) });
      return undefined;
    } finally {
      cancelSilence();
    }
    return live + 1;
  }

  /** Follows the server from the last version; answers the number of events. */
  async #watch(signal: AbortSignal): Promise<number> {
    let count = 0;
    const events = this.#client.watch(this.#definition, {
      ...this.#watchOptions(signal),
      resourceVersion: this.#lastVersion,
    });
    for await (const event of events) {
      count++;
      this.#apply(event);
    }
    return count;
  }

  #watchOptions(signal: AbortSignal): WatchOptions {
    const { namespace, fieldSelector, labelSelector } = this.#options;
    return {
      namespace,
      fieldSelector,
      labelSelector,
      allowWatchBookmarks: true,
      // Spread, so that a restarted server does not get all watches back at once.
      timeoutSeconds: Math.floor(minWatchSeconds * (1 + this.#random())),
      signal,
    };
  }

  #apply(event: WatchEvent<T>): void {
    const version = versionOf(event);
    if (event.type === "DELETED") {
      const object = this.#prepare(event.object);
      this.#hub.publish(this.#store.delete(keyOf(event), object));
    } else if (event.type !== "BOOKMARK") {
      keyOf(event);
      this.#hub.publish(this.#store.set(this.#prepare(event.object)));
    }
    this.#lastVersion = version;
  }

  #replace(objects: Iterable<T>, version: string): void {
    const changes = this.#store.replace(objects);
    this.#lastVersion = version;
    this.#versionLost = false;
    this.#synced = true;
    this.#hub.publish(changes);
    this.#ready.resolve();
  }

  #prepare(object: T): T {
    if (object.metadata?.managedFields !== undefined) delete object.metadata.managedFields;
    if (this.#options.transform === undefined) return object;
    try {
      return this.#options.transform(object);
    } catch (error) {
      this.#logger.error("Transform failed, keeping the object as it is", {
        key: objectKey(object),
        error: errorMessage(error),
      });
      return object;
    }
  }
}

function versionOf(event: WatchEvent<KubernetesObject>): string {
  const version = event.object.metadata?.resourceVersion;
  if (version === undefined)
    throw new TransportError("protocol", `Cannot follow the watch: ${event.type} event has no resource version`);
  return version;
}

function keyOf(event: WatchEvent<KubernetesObject>): string {
  const key = objectKey(event.object);
  if (key === "") throw new TransportError("protocol", `Cannot follow the watch: ${event.type} event has no name`);
  return key;
}

function unfinished(why: string): TransportError {
  return new TransportError("protocol", `Cannot get the first state by a watch: ${why}`);
}

/** Whether a list may well succeed where a watch-list failed: not when the connection or the credentials are at fault. */
function fallsBackToList(error: unknown): boolean {
  if (isApiError(error)) return ![401, 403, 404, 429].includes(error.status);
  return isLimit(error) || (isTransportError(error) && error.kind === "protocol");
}

/** Whether no server was reached, which says nothing about how it streams. */
function isUnreached(error: unknown): boolean {
  return isTransportError(error) && error.kind === "dial";
}

function isLimit(error: unknown): boolean {
  return isTransportError(error) && error.kind === "limit";
}
