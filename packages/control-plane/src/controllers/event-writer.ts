import { type Clock, errorMessage, type Logger } from "@wherry/base";
import type { ObjectMeta, ObjectReference } from "@wherry/kubernetes";
import { storageKey } from "../resources/api-object.ts";
import { coreEvents } from "../resources/events.ts";
import { storageName } from "../resources/resource-definition.ts";
import { createObject } from "../verbs/create-object.ts";
import { writeUpdate } from "../verbs/update-object.ts";
import { shallowCopy, timestamp, type VerbServices } from "../verbs/verb-services.ts";

export interface EventFields {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  /** @default none */
  readonly action?: string;
  readonly message: string;
}

/** Events remembered so that their repetition is counted; the longest unseen are forgotten first. */
const maxRemembered = 512;

interface Remembered {
  readonly key: string;
  readonly count: number;
}

/**
 * Writes events about objects on behalf of one component, after what is urgent has been done. One that repeats an earlier
 * event in every word is counted in its series instead.
 */
export class EventWriter {
  readonly #services: VerbServices;
  readonly #component: string;
  readonly #logger: Logger;
  readonly #remembered: Map<string, Remembered> = new Map();
  #lastStamp = 0n;

  constructor(services: VerbServices, component: string, logger: Logger) {
    this.#services = services;
    this.#component = component;
    this.#logger = logger;
  }

  /** Records that something happened to `object`; failures are logged only. */
  write(
    object: { readonly kind: string; readonly apiVersion: string; readonly metadata: ObjectMeta },
    fields: EventFields,
  ): void {
    // After the answers and bindings that wait in this turn of the event loop.
    setImmediate(() => {
      try {
        const identity = JSON.stringify([object.metadata.uid, fields.type, fields.reason, fields.message]);
        const repeated = this.#repeat(identity);
        this.#remember(identity, repeated ?? { key: this.#create(object, fields), count: 1 });
      } catch (error) {
        this.#logger.debug("Cannot record event", { reason: fields.reason, error: errorMessage(error) });
      }
    });
  }

  /** Counts an event that is there already; undefined when it is not. */
  #repeat(identity: string): Remembered | undefined {
    const known = this.#remembered.get(identity);
    const present = known && this.#services.store.get(storageName(coreEvents), known.key)?.object;
    if (known === undefined || present === undefined) return undefined;
    const count = known.count + 1;
    const { namespace = "", name = "" } = present.metadata;
    const series = { count, lastObservedTime: microTime(this.#services.clock) };
    writeUpdate(this.#services, { definition: coreEvents, namespace, name }, { ...shallowCopy(present), series }, {});
    return { key: known.key, count };
  }

  #remember(identity: string, entry: Remembered): void {
    this.#remembered.delete(identity);
    this.#remembered.set(identity, entry);
    if (this.#remembered.size <= maxRemembered) return;
    for (const oldest of this.#remembered.keys()) {
      this.#remembered.delete(oldest);
      return;
    }
  }

  #create(
    { kind, apiVersion, metadata }: { kind: string; apiVersion: string; metadata: ObjectMeta },
    { type, reason, action = "", message }: EventFields,
  ): string {
    const { clock } = this.#services;
    const namespace = metadata.namespace ?? "default";
    const involvedObject: ObjectReference = {
      kind,
      apiVersion,
      name: metadata.name,
      ...(metadata.namespace === undefined ? {} : { namespace }),
      uid: metadata.uid,
      resourceVersion: metadata.resourceVersion,
    };
    const { object } = createObject(
      this.#services,
      { definition: coreEvents, namespace },
      {
        kind: "Event",
        apiVersion: "v1",
        metadata: { name: `${metadata.name}.${this.#nextStamp().toString(16)}`, namespace },
        involvedObject,
        type,
        reason,
        action,
        message,
        source: {},
        eventTime: microTime(clock),
        reportingComponent: this.#component,
        reportingInstance: this.#component,
      },
    );
    return storageKey(namespace, object.metadata.name ?? "");
  }

  /** The time with a fraction, different each time. */
  #nextStamp(): bigint {
    const { clock } = this.#services;
    const stamp =
      BigInt(Math.trunc(clock.now())) * 1_000_000n + BigInt(Math.trunc(clock.monotonic() * 1000) % 1_000_000);
    this.#lastStamp = stamp > this.#lastStamp ? stamp : this.#lastStamp + 1n;
    return this.#lastStamp;
  }
}

/** The time of `clock` as metav1.MicroTime is written. */
function microTime(clock: Clock): string {
  return `${timestamp(clock).slice(0, -1)}.${String(Math.trunc(clock.now()) % 1000).padStart(3, "0")}000Z`;
}
