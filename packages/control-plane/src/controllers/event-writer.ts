import { errorMessage, type Logger } from "@wherry/base";
import type { ObjectMeta, ObjectReference } from "@wherry/kubernetes";
import { coreEvents } from "../resources/events.ts";
import { createObject } from "../verbs/create-object.ts";
import { timestamp, type VerbServices } from "../verbs/verb-services.ts";

export interface EventFields {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly action: string;
  readonly message: string;
}

/** Writes events about objects on behalf of one component, after what is urgent has been done. */
export class EventWriter {
  readonly #services: VerbServices;
  readonly #component: string;
  readonly #logger: Logger;
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
        this.#create(object, fields);
      } catch (error) {
        this.#logger.debug("Cannot record event", { reason: fields.reason, error: errorMessage(error) });
      }
    });
  }

  #create(
    { kind, apiVersion, metadata }: { kind: string; apiVersion: string; metadata: ObjectMeta },
    { type, reason, action, message }: EventFields,
  ): void {
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
    createObject(
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
        eventTime: `${timestamp(clock).slice(0, -1)}.${String(Math.trunc(clock.now()) % 1000).padStart(3, "0")}000Z`,
        reportingComponent: this.#component,
        reportingInstance: this.#component,
      },
    );
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
