import { type KubernetesObject, objectKey } from "@wherry/kubernetes";

/** One difference between two states of a store. */
export interface Change<T extends KubernetesObject> {
  readonly type: "added" | "updated" | "deleted";
  /** `namespace/name`, or `name`. */
  readonly key: string;
  /** The new state; for `deleted` the last state known. */
  readonly object: T;
  /** The state before; for `updated` only. */
  readonly previous?: T;
  /** The deletion itself was not seen, only that the object is gone; `object` may lack its last changes. */
  readonly missed?: boolean;
}

/** Values under which an object is found. */
export type Indexer<T extends KubernetesObject> = (object: T) => readonly string[];

/** Objects by key, as last seen. The objects are shared: readers never change them. */
export interface ReadonlyStore<T extends KubernetesObject> {
  readonly size: number;
  get(key: string): T | undefined;
  has(key: string): boolean;
  list(): T[];
  keys(): string[];
  /** Objects for which the indexer `index` gave `value`; throws for an index that was not configured. */
  byIndex(index: string, value: string): T[];
}

/** A store that tells what each write changed; a write that changes nothing tells nothing. */
export class ObjectStore<T extends KubernetesObject> implements ReadonlyStore<T> {
  readonly #indexers: Readonly<Record<string, Indexer<T>>>;
  readonly #indices: Map<string, Map<string, Set<string>>> = new Map();
  #objects: Map<string, T> = new Map();

  constructor(indexers: Readonly<Record<string, Indexer<T>>> = {}) {
    this.#indexers = indexers;
    for (const index of Object.keys(indexers)) this.#indices.set(index, new Map());
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  has(key: string): boolean {
    return this.#objects.has(key);
  }

  list(): T[] {
    return [...this.#objects.values()];
  }

  keys(): string[] {
    return [...this.#objects.keys()];
  }

  byIndex(index: string, value: string): T[] {
    const values = this.#indices.get(index);
    if (values === undefined) {
      const known = [...this.#indices.keys()].join(", ") || "none";
      throw new Error(`Cannot look up index "${index}": the store has ${known}`);
    }
    const found: T[] = [];
    for (const key of values.get(value) ?? []) {
      const object = this.#objects.get(key);
      if (object !== undefined) found.push(object);
    }
    return found;
  }

  /** Stores `object` under its key. */
  set(object: T): Change<T>[] {
    const key = objectKey(object);
    const previous = this.#objects.get(key);
    if (previous !== undefined && isSameVersion(previous, object)) return [];
    this.#unindex(key, previous);
    this.#objects.set(key, object);
    this.#index(key, object);
    return difference(key, previous, object, false);
  }

  /** Removes the object of that key; `last` is its final state, if known. */
  delete(key: string, last?: T): Change<T>[] {
    const previous = this.#objects.get(key);
    if (previous === undefined) return [];
    this.#unindex(key, previous);
    this.#objects.delete(key);
    if (last === undefined || last.metadata?.uid === previous.metadata?.uid)
      return [{ type: "deleted", key, object: last ?? previous }];
    // Another object of that name came and went unseen; the end of the stored one was before that.
    return [{ type: "deleted", key, object: previous, missed: true }];
  }

  /** Makes `objects` the whole content in one step; what is absent counts as deleted. */
  replace(objects: Iterable<T>): Change<T>[] {
    const before = this.#objects;
    const after = new Map<string, T>();
    for (const object of objects) {
      const key = objectKey(object);
      const previous = before.get(key);
      // The known object stays, so that readers who compare identities see no change.
      after.set(key, previous !== undefined && isSameVersion(previous, object) ? previous : object);
    }
    this.#objects = after;
    const changes: Change<T>[] = [];
    for (const [key, previous] of before) {
      if (after.has(key)) continue;
      this.#unindex(key, previous);
      changes.push({ type: "deleted", key, object: previous, missed: true });
    }
    for (const [key, object] of after) {
      const previous = before.get(key);
      if (previous === object) continue;
      this.#unindex(key, previous);
      this.#index(key, object);
      changes.push(...difference(key, previous, object, true));
    }
    return changes;
  }

  #index(key: string, object: T): void {
    for (const [index, values] of this.#indices) {
      for (const value of this.#indexers[index]?.(object) ?? []) {
        const keys = values.get(value);
        if (keys === undefined) values.set(value, new Set([key]));
        else keys.add(key);
      }
    }
  }

  #unindex(key: string, object: T | undefined): void {
    if (object === undefined) return;
    for (const [index, values] of this.#indices) {
      for (const value of this.#indexers[index]?.(object) ?? []) {
        const keys = values.get(value);
        keys?.delete(key);
        if (keys?.size === 0) values.delete(value);
      }
    }
  }
}

function isSameVersion(a: KubernetesObject, b: KubernetesObject): boolean {
  const version = a.metadata?.resourceVersion;
  return version !== undefined && version === b.metadata?.resourceVersion && a.metadata?.uid === b.metadata?.uid;
}

/** Another uid under the same name is another object: the old one was deleted in between. */
function difference<T extends KubernetesObject>(
  key: string,
  previous: T | undefined,
  object: T,
  missed: boolean,
): Change<T>[] {
  if (previous === undefined) return [{ type: "added", key, object }];
  if (previous.metadata?.uid === object.metadata?.uid) return [{ type: "updated", key, object, previous }];
  return [
    { type: "deleted", key, object: previous, ...(missed ? { missed } : {}) },
    { type: "added", key, object },
  ];
}
