import { errorMessage, type Logger, silentLogger } from "@wherry/base";
import type { ApiObject } from "../resources/api-object.ts";
import type { RevisionLog } from "./revision-log.ts";
import { type Operation, StoredRecord } from "./stored-record.ts";

export interface StoreOptions {
  /** Writes that watches may resume from. @default 5000 */
  readonly historyLimit?: number;
  /** Bytes of JSON that history may hold. @default 16 MiB */
  readonly historyBytes?: number;
  /** Told of compactions that failed. */
  readonly logger?: Logger;
}

/** Writes after a failed compaction until the next attempt; each costs a transaction on a disk that is in trouble. */
const writesBeforeRetry = 100;

/** Told of each write to one resource, in order; it must not throw, and what it writes itself is told after. */
export type RecordListener = (record: StoredRecord) => void;

class Shelf {
  readonly current: Map<string, StoredRecord> = new Map();
  readonly listeners: Set<RecordListener> = new Set();
  history: StoredRecord[] = [];
  #sorted: StoredRecord[] | undefined;

  /** Current records by key, in order; rebuilt after a write, at the first read. */
  get sorted(): readonly StoredRecord[] {
    this.#sorted ??= [...this.current.entries()].sort(byKey).map(([, record]) => record);
    return this.#sorted;
  }

  changed(): void {
    this.#sorted = undefined;
  }
}

function byKey([left]: [string, StoredRecord], [right]: [string, StoredRecord]): number {
  return left < right ? -1 : 1;
}

/**
 * All objects in memory with one revision counter over them, backed by a RevisionLog.
 *
 * It knows resources only by their storage name and objects only by key (`namespace/name` or `name`). Reads and writes are
 * synchronous: what runs between two awaits is a transaction.
 */
export class Store {
  readonly #log: RevisionLog;
  readonly #historyLimit: number;
  readonly #historyBytes: number;
  readonly #logger: Logger;
  readonly #shelves: Map<string, Shelf> = new Map();
  #history: StoredRecord[] = [];
  #bytes = 0;
  #revision: number;
  #compacted: number;
  /** Compaction is not tried again before this revision. */
  #retryRevision = 0;
  readonly #pending: StoredRecord[] = [];
  #telling = false;

  /** Rebuilds the state from `log`. */
  constructor(log: RevisionLog, options: StoreOptions = {}) {
    this.#log = log;
    this.#historyLimit = options.historyLimit ?? 5000;
    this.#historyBytes = options.historyBytes ?? 16 * 1024 * 1024;
    this.#logger = options.logger ?? silentLogger;
    this.#compacted = log.compactedRevision;
    this.#revision = this.#compacted;
    for (const row of log.rows()) {
      const shelf = this.#shelf(row.resource);
      const record = new StoredRecord({ ...row, previous: shelf.current.get(row.key) });
      this.#place(shelf, record);
      if (row.revision > this.#compacted) this.#remember(shelf, record);
      else record.forgetPrevious();
      this.#revision = Math.max(this.#revision, row.revision);
    }
  }

  /** Revision of the newest write. */
  get revision(): number {
    return this.#revision;
  }

  /** The newest revision whose history is gone: watches start after it at the earliest. */
  get compactedRevision(): number {
    return this.#compacted;
  }

  get(resource: string, key: string): StoredRecord | undefined {
    return this.#shelves.get(resource)?.current.get(key);
  }

  /** Current records of a resource ordered by key, of one namespace where `namespace` is not empty. */
  list(resource: string, namespace = ""): readonly StoredRecord[] {
    const sorted = this.#shelves.get(resource)?.sorted ?? [];
    return namespace === "" ? sorted : sorted.filter((record) => record.key.startsWith(`${namespace}/`));
  }

  /** Number of current records of a resource. */
  count(resource: string): number {
    return this.#shelves.get(resource)?.current.size ?? 0;
  }

  /** Records as they were at `revision`, which must not be older than `compactedRevision`. */
  listAt(resource: string, namespace: string, revision: number): readonly StoredRecord[] {
    const shelf = this.#shelves.get(resource);
    if (shelf === undefined) return [];
    const state = new Map(shelf.current);
    for (let index = shelf.history.length - 1; index >= 0; index--) {
      const record = shelf.history[index] as StoredRecord;
      if (record.revision <= revision) break;
      if (record.previous === undefined) state.delete(record.key);
      else state.set(record.key, record.previous);
    }
    const sorted = [...state.entries()].sort(byKey).map(([, record]) => record);
    return namespace === "" ? sorted : sorted.filter((record) => record.key.startsWith(`${namespace}/`));
  }

  /** Writes after `revision`, oldest first; `revision` must not be older than `compactedRevision`. */
  since(resource: string, revision: number): readonly StoredRecord[] {
    const history = this.#shelves.get(resource)?.history ?? [];
    let start = history.length;
    while (start > 0 && (history[start - 1] as StoredRecord).revision > revision) start--;
    return history.slice(start);
  }

  /** Calls `listener` after each write to `resource` until the returned function is called. */
  subscribe(resource: string, listener: RecordListener): () => void {
    const { listeners } = this.#shelf(resource);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /**
   * Writes `object` durably under a new revision, which becomes its `metadata.resourceVersion`, and tells listeners.
   *
   * The store owns `object` from then on. The caller has checked that `operation` fits the present state.
   */
  write(resource: string, key: string, operation: Operation, object: ApiObject): StoredRecord {
    const shelf = this.#shelf(resource);
    const revision = this.#revision + 1;
    object.metadata.resourceVersion = String(revision);
    const json = Buffer.from(JSON.stringify(object));
    this.#log.append({ revision, resource, key, operation, json });
    this.#revision = revision;
    const previous = shelf.current.get(key);
    const record = new StoredRecord({ revision, resource, key, operation, json, object, previous });
    this.#place(shelf, record);
    this.#remember(shelf, record);
    this.#tell(shelf, record);
    this.#trim();
    return record;
  }

  /** Forgets history up to `revision`, on the disk first; older watches and lists are answered 410 from now on. */
  compact(revision: number = this.#revision): void {
    if (revision <= this.#compacted) return;
    const end = this.#history.findIndex((record) => record.revision > revision);
    const count = end === -1 ? this.#history.length : end;
    const forgotten = this.#history.slice(0, count);
    const obsolete: number[] = [];
    for (const record of forgotten) {
      if (record.previous !== undefined) obsolete.push(record.previous.revision);
      if (record.operation === "delete") obsolete.push(record.revision);
    }
    this.#log.compact(revision, obsolete);
    this.#compacted = revision;
    this.#history = this.#history.slice(count);
    for (const record of forgotten) {
      this.#bytes -= record.json.length;
      record.forgetPrevious();
    }
    for (const shelf of this.#shelves.values()) {
      shelf.history = shelf.history.filter((record) => record.revision > revision);
    }
  }

  #shelf(resource: string): Shelf {
    let shelf = this.#shelves.get(resource);
    if (shelf === undefined) {
      shelf = new Shelf();
      this.#shelves.set(resource, shelf);
    }
    return shelf;
  }

  #place(shelf: Shelf, record: StoredRecord): void {
    if (record.operation === "delete") shelf.current.delete(record.key);
    else shelf.current.set(record.key, record);
    shelf.changed();
  }

  #remember(shelf: Shelf, record: StoredRecord): void {
    this.#history.push(record);
    shelf.history.push(record);
    this.#bytes += record.json.length;
  }

  #tell(shelf: Shelf, record: StoredRecord): void {
    this.#pending.push(record);
    if (this.#telling) return;
    this.#telling = true;
    try {
      for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
        const target = next.resource === record.resource ? shelf : this.#shelf(next.resource);
        for (const listener of target.listeners) listener(next);
        next.previous?.release();
        if (next.operation === "delete") next.release();
      }
    } finally {
      this.#telling = false;
    }
  }

  /**
   * Compacts a quarter of history at a time, so that the cost is spread over many writes.
   *
   * Never throws, since the write it follows is done: what cannot be compacted now is kept and tried again.
   */
  #trim(): void {
    if (this.#history.length <= this.#historyLimit && this.#bytes <= this.#historyBytes) return;
    if (this.#revision < this.#retryRevision) return;
    const keep = Math.floor(this.#history.length * 0.75);
    const last = this.#history[this.#history.length - keep - 1];
    if (last === undefined) return;
    try {
      this.compact(last.revision);
    } catch (error) {
      this.#retryRevision = this.#revision + writesBeforeRetry;
      this.#logger.error("Cannot compact the history, keeping it", {
        revision: last.revision,
        error: errorMessage(error),
      });
    }
  }
}
