import type { KubernetesObject } from "@wherry/kubernetes";

import type { Change } from "./object-store.ts";

/**
 * The changes of one key that a consumer has yet to be told of, merged into at most two.
 *
 * An object is told apart by its uid, so that the end of every object the consumer knows is told, and of no other. With A
 * the object it knows and B any other:
 *
 * | knows | now    | is told                  |
 * | ----- | ------ | ------------------------ |
 * | -     | -      | nothing                  |
 * | -     | B      | added B                  |
 * | A     | A      | updated A                |
 * | A     | -      | deleted A                |
 * | A     | B      | deleted A, then added B  |
 */
export class PendingChange<T extends KubernetesObject> {
  readonly #key: string;
  /** The object the consumer was last told is there. */
  #known: T | undefined;
  /** How the known object ended, if it did. */
  #end: Change<T> | undefined;
  /** What is there now. */
  #present: T | undefined;

  /** @param change the first after what the consumer knows */
  constructor(change: Change<T>) {
    this.#key = change.key;
    this.#known = change.type === "deleted" ? change.object : change.previous;
    this.#present = this.#known;
    this.add(change);
  }

  /** Whether there is nothing to tell. */
  get isVoid(): boolean {
    return this.#known === undefined && this.#present === undefined;
  }

  /** Takes the next change to the key. */
  add(change: Change<T>): void {
    const { type, object } = change;
    const isOfKnown = this.#known !== undefined && isSameObject(this.#known, object);
    if (type === "deleted") {
      // The deletion of another object implies the one of the known object, whose last state is then not in it.
      this.#end ??= isOfKnown ? change : this.#impliedEnd();
      this.#present = undefined;
    } else {
      this.#end = isOfKnown ? undefined : (this.#end ?? this.#impliedEnd());
      this.#present = object;
    }
  }

  /** Gives one change to tell, and takes it as told; undefined when there is none. */
  take(): Change<T> | undefined {
    const known = this.#known;
    const present = this.#present;
    const end = this.#end;
    if (known !== undefined && end !== undefined) {
      this.#known = undefined;
      this.#end = undefined;
      return end;
    }
    this.#known = undefined;
    this.#present = undefined;
    if (present === undefined) return undefined;
    if (known === undefined) return { type: "added", key: this.#key, object: present };
    return { type: "updated", key: this.#key, object: present, previous: known };
  }

  #impliedEnd(): Change<T> | undefined {
    if (this.#known === undefined) return undefined;
    const isSeen = this.#present !== undefined && isSameObject(this.#known, this.#present);
    const object = isSeen ? (this.#present as T) : this.#known;
    return { type: "deleted", key: this.#key, object, missed: true };
  }
}

function isSameObject(a: KubernetesObject, b: KubernetesObject): boolean {
  return a.metadata?.uid === b.metadata?.uid;
}
