import type { Clock } from "@wherry/base";
import type { ApiError } from "../errors.ts";
import type { ApiObject } from "../resources/api-object.ts";
import type { ResourceDefinition } from "../resources/resource-definition.ts";
import { apiVersionOf } from "../resources/resource-definition.ts";
import { columnDefinitions, type IncludeObject, partialMetadata, tableObject, tableRow } from "../tables/table.ts";
import type { WatchEventType, WatchSink } from "../verbs/object-watch.ts";
import type { HttpExchange } from "./http-exchange.ts";
import type { AnswerForm } from "./media-type.ts";

export interface WatchStreamOptions {
  readonly definition: ResourceDefinition;
  readonly form: AnswerForm;
  readonly include: IncludeObject;
  readonly bookmarks: boolean;
  readonly clock: Clock;
}

/** What a client may leave unread; enough for many events to leave together. */
const maxUnreadBytes = 256 * 1024;

/** Writes watch events as lines of JSON. */
export class WatchStream implements WatchSink {
  readonly #exchange: HttpExchange;
  readonly #options: WatchStreamOptions;
  #columnsSent = false;
  #isStalled = false;

  constructor(exchange: HttpExchange, options: WatchStreamOptions) {
    this.#exchange = exchange;
    this.#options = options;
  }

  get isFull(): boolean {
    return this.#exchange.bufferedBytes > maxUnreadBytes;
  }

  drained(): Promise<void> {
    return this.#exchange.drained();
  }

  event(type: WatchEventType, object: ApiObject, frame: (() => Buffer) | undefined): void {
    if (this.#options.form === "object" && frame !== undefined) this.#write(frame());
    else this.#writeJson(type, this.#shape(object));
  }

  bookmark(revision: number, isInitialEnd: boolean): void {
    if (!this.#options.bookmarks) return;
    const { definition } = this.#options;
    const object: ApiObject = {
      kind: definition.kind,
      apiVersion: apiVersionOf(definition),
      metadata: {
        resourceVersion: String(revision),
        ...(isInitialEnd ? { annotations: { "k8s.io/initial-events-end": "true" } } : {}),
      },
    };
    if (this.#options.form !== "table") this.#writeJson("BOOKMARK", this.#shape(object));
    else
      this.#writeJson(
        "BOOKMARK",
        tableObject([], [{ cells: [], object: partialMetadata(object) }], object.metadata as never),
      );
  }

  error(error: ApiError): void {
    this.#writeJson("ERROR", error.toStatus());
  }

  /** Swallows events from now on without telling the client, as a stalled network would; for tests. */
  stall(): void {
    this.#isStalled = true;
  }

  /** Breaks the stream off; for tests. */
  drop(): void {
    this.#exchange.abort();
  }

  #shape(object: ApiObject): unknown {
    const { form, definition, include, clock } = this.#options;
    if (form === "object") return object;
    if (form === "metadata") return partialMetadata(object);
    const columns = this.#columnsSent ? [] : columnDefinitions(definition);
    this.#columnsSent = true;
    const row = tableRow(definition, object, clock.now(), include);
    return tableObject(columns, [row], { resourceVersion: object.metadata.resourceVersion });
  }

  #writeJson(type: string, object: unknown): void {
    this.#write(Buffer.from(`{"type":"${type}","object":${JSON.stringify(object)}}\n`));
  }

  #write(frame: Buffer): void {
    if (!this.#isStalled) this.#exchange.write(frame);
  }
}
