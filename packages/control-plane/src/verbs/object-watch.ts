import { type ApiError, expired, tooLargeResourceVersion } from "../errors.ts";
import type { ApiObject } from "../resources/api-object.ts";
import { storageName } from "../resources/resource-definition.ts";
import type { Store } from "../storage/store.ts";
import type { StoredRecord } from "../storage/stored-record.ts";
import type { Selection } from "./selection.ts";
import type { Target } from "./verb-services.ts";

export type WatchEventType = "ADDED" | "MODIFIED" | "DELETED";

/** Where the events of a watch go. */
export interface WatchSink {
  /** Whether it holds as much unread as it may; what is sent nevertheless is kept. */
  readonly isFull: boolean;
  /** `frame` makes the serialised event, where the object is told as it is stored. */
  event(type: WatchEventType, object: ApiObject, frame: (() => Buffer) | undefined): void;
  bookmark(revision: number, isInitialEnd: boolean): void;
  error(error: ApiError): void;
  /** Resolves when all has been read, or nobody is left to read it. */
  drained(): Promise<void>;
}

export interface WatchOptions {
  readonly selection: Selection;
  /** Events after this revision; 0 starts with the present state. */
  readonly revision: number;
  /** The present state first, then an `initial-events-end` bookmark (KEP-3157). @default false */
  readonly sendInitialEvents?: boolean;
}

/**
 * What happens to the selected objects, told to one sink no faster than it is read.
 *
 * A reader that keeps up is told of each write as it happens. One that does not is told from the store's history as it
 * reads on, so that of a slow watch no more is kept than the sink holds; when history is lost before it was read, the watch
 * ends with a 410.
 */
export class ObjectWatch {
  readonly #store: Store;
  readonly #options: WatchOptions;
  readonly #sink: WatchSink;
  readonly #target: Target;
  readonly #resource: string;
  /** All up to this revision has been told, unless the watch is live. */
  #revision: number;
  #phase: "initial" | "behind" | "live" = "behind";
  #wake: () => void = () => undefined;

  /** Throws a 504 ApiError for the present state at a revision yet to come. */
  constructor(store: Store, target: Target, options: WatchOptions, sink: WatchSink) {
    if (options.sendInitialEvents && options.revision > store.revision)
      throw tooLargeResourceVersion(options.revision, store.revision);
    this.#store = store;
    this.#target = target;
    this.#options = options;
    this.#sink = sink;
    this.#resource = storageName(target.definition);
    this.#revision = options.revision;
  }

  /** Tells how far the watch has come, once the present state has been told. */
  bookmark(): void {
    if (this.#phase === "initial") return;
    this.#sink.bookmark(this.#phase === "live" ? this.#store.revision : this.#revision, false);
  }

  /** Sends events until `signal` aborts or history is lost; to be called once. */
  async run(signal: AbortSignal): Promise<void> {
    const wake = () => this.#wake();
    signal.addEventListener("abort", wake, { once: true });
    const unsubscribe = this.#store.subscribe(this.#resource, (record) => this.#written(record));
    try {
      if (this.#options.sendInitialEvents || this.#options.revision === 0) await this.#sendPresent(signal);
      while (!signal.aborted && !this.#isLost) await (this.#sink.isFull ? this.#room() : this.#sendOn());
      if (signal.aborted) this.bookmark();
      else this.#sink.error(this.#expiry());
    } finally {
      unsubscribe();
      signal.removeEventListener("abort", wake);
    }
  }

  async #sendPresent(signal: AbortSignal): Promise<void> {
    const { selection, sendInitialEvents = false } = this.#options;
    this.#phase = "initial";
    this.#revision = this.#store.revision;
    for (const record of this.#store.list(this.#resource, this.#target.namespace)) {
      const object = this.#read(record);
      if (!selection.matches(object)) continue;
      this.#send("ADDED", object, record);
      if (this.#sink.isFull) await this.#room();
      if (signal.aborted || this.#isLost) return;
    }
    this.#phase = "behind";
    if (sendInitialEvents) this.#sink.bookmark(this.#revision, true);
  }

  /** Sends what has been written meanwhile, or, if that is nothing, each write until the sink is full. */
  async #sendOn(): Promise<void> {
    const missed = this.#store.since(this.#resource, this.#revision);
    if (missed.length === 0) {
      this.#phase = "live";
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      return;
    }
    for (const record of missed) {
      this.#deliver(record);
      this.#revision = record.revision;
      // The rest is asked of history again: what waits must not be kept when everybody else has forgotten it.
      if (this.#sink.isFull) return;
    }
  }

  #written(record: StoredRecord): void {
    if (this.#phase !== "live") {
      // Whoever does not read shall not keep what everybody else has forgotten.
      if (this.#isLost) this.#wake();
      return;
    }
    if (record.revision <= this.#revision) return;
    this.#deliver(record);
    this.#revision = record.revision;
    if (!this.#sink.isFull) return;
    this.#phase = "behind";
    void this.#sink.drained().then(this.#wake);
  }

  get #isLost(): boolean {
    return this.#phase !== "live" && this.#revision < this.#store.compactedRevision;
  }

  #expiry(): ApiError {
    return expired(`too old resource version: ${this.#revision} (${this.#store.compactedRevision})`);
  }

  /** Resolves when the sink has been read, or it is of no use to wait for that. */
  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      void this.#sink.drained().then(resolve);
    });
  }

  #read(record: StoredRecord): ApiObject {
    return this.#target.definition.view?.fromStorage(record.object) ?? record.object;
  }

  #send(type: WatchEventType, object: ApiObject, record: StoredRecord): void {
    if (this.#target.definition.view !== undefined) this.#sink.event(type, object, undefined);
    // Of writes as they happen many watchers are told, so the serialised event is made once for all of them.
    else if (this.#phase === "live") this.#sink.event(type, object, () => record.frame(type));
    else this.#sink.event(type, object, () => record.toFrame(type));
  }

  /** Translates a write into what a watcher with a selection sees of it. */
  #deliver(record: StoredRecord): void {
    const { selection } = this.#options;
    if (selection.isAll) {
      const type = record.operation === "create" ? "ADDED" : record.operation === "update" ? "MODIFIED" : "DELETED";
      this.#send(type, this.#read(record), record);
      return;
    }
    const before = record.previous === undefined ? undefined : this.#read(record.previous);
    const wasSelected = before !== undefined && selection.matches(before);
    if (record.operation === "delete") {
      if (wasSelected) this.#send("DELETED", this.#read(record), record);
      return;
    }
    const object = this.#read(record);
    const isSelected = selection.matches(object);
    if (isSelected) this.#send(wasSelected ? "MODIFIED" : "ADDED", object, record);
    else if (wasSelected) {
      // Out of sight: what is told is the last state that was in sight, at the revision of the change.
      const last = { ...before, metadata: { ...before.metadata, resourceVersion: String(record.revision) } };
      this.#sink.event("DELETED", last, undefined);
    }
  }
}
