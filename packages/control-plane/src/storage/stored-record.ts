import type { ApiObject } from "../resources/api-object.ts";

export type Operation = "create" | "update" | "delete";

/**
 * One write: the object as it was after it (before it, for a delete), its serialised form and the write it followed.
 *
 * The parsed object is shared by all readers and never changed by them.
 */
export class StoredRecord {
  readonly revision: number;
  readonly resource: string;
  readonly key: string;
  readonly operation: Operation;
  /** The object as JSON; answers and watch events are built around this one buffer. */
  readonly json: Buffer;
  #object: ApiObject | undefined;
  #previous: StoredRecord | undefined;
  readonly #frames: Map<string, Buffer> = new Map();

  constructor(fields: {
    revision: number;
    resource: string;
    key: string;
    operation: Operation;
    json: Buffer;
    object?: ApiObject;
    previous?: StoredRecord | undefined;
  }) {
    this.revision = fields.revision;
    this.resource = fields.resource;
    this.key = fields.key;
    this.operation = fields.operation;
    this.json = fields.json;
    this.#object = fields.object;
    this.#previous = fields.previous;
  }

  /** The state this write replaced; undefined for a create and once history has been compacted beyond it. */
  get previous(): StoredRecord | undefined {
    return this.#previous;
  }

  get object(): ApiObject {
    this.#object ??= JSON.parse(this.json.toString("utf8")) as ApiObject;
    return this.#object;
  }

  /** The line of a watch stream that tells of this object, made once for all watchers. */
  frame(type: string): Buffer {
    let frame = this.#frames.get(type);
    if (frame === undefined) {
      frame = this.toFrame(type);
      this.#frames.set(type, frame);
    }
    return frame;
  }

  /** The same line, made for one watcher and not kept. */
  toFrame(type: string): Buffer {
    return Buffer.concat([Buffer.from(`{"type":"${type}","object":`), this.json, Buffer.from("}\n")]);
  }

  /** Gives up what can be made again from the JSON. */
  release(): void {
    this.#object = undefined;
    this.#frames.clear();
  }

  forgetPrevious(): void {
    this.#previous = undefined;
  }
}
