import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeClock, type Logger, silentLogger } from "@wherry/base";
import type { Pod, PodStatus } from "@wherry/kubernetes";
import { GarbageCollector } from "../../src/controllers/garbage-collector.ts";
import { NamespaceController } from "../../src/controllers/namespace-controller.ts";
import { startWorkloadControllers } from "../../src/controllers/workload-controllers.ts";
import { decodeInput } from "../../src/decoding/decode-input.ts";
import { SchemaCatalog } from "../../src/decoding/schema-catalog.ts";
import type { ApiObject } from "../../src/resources/api-object.ts";
import { allSchemas } from "../../src/resources/extra-schemas.ts";
import { pods } from "../../src/resources/pods.ts";
import { type ResourceDefinition, storageName } from "../../src/resources/resource-definition.ts";
import { ResourceIndex, resourceTable } from "../../src/resources/resource-table.ts";
import { RevisionLog } from "../../src/storage/revision-log.ts";
import { Store } from "../../src/storage/store.ts";
import { createObject } from "../../src/verbs/create-object.ts";
import { updateObject } from "../../src/verbs/update-object.ts";
import type { VerbServices } from "../../src/verbs/verb-services.ts";

/** Controllers over a store, without a server, on a clock that a test moves. */
export class Workbench implements AsyncDisposable {
  readonly clock: FakeClock = new FakeClock(Date.parse("2026-01-02T00:00:00Z"));
  readonly #directory: string = mkdtempSync(join(tmpdir(), "wherry-workbench-"));
  #log: RevisionLog;
  #store: Store;
  #services: VerbServices;
  #controller: AbortController = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(logger: Logger = silentLogger) {
    this.#log = new RevisionLog(join(this.#directory, "state.db"));
    this.#store = new Store(this.#log);
    this.#services = this.#serve();
    this.#start(logger);
  }

  get store(): Store {
    return this.#store;
  }

  get services(): VerbServices {
    return this.#services;
  }

  #serve(): VerbServices {
    return { store: this.#store, schemas: new SchemaCatalog(allSchemas), clock: this.clock };
  }

  #start(logger: Logger): void {
    const { signal } = this.#controller;
    const index = new ResourceIndex(resourceTable);
    this.#running = Promise.all([
      new NamespaceController({ services: this.#services, index, authority: "", logger }).run(signal),
      new GarbageCollector(this.#services, index, logger).run(signal),
      ...startWorkloadControllers(this.#services, logger, signal),
    ]);
  }

  /** Ends the controllers and starts them again over what was stored. */
  async restart(): Promise<void> {
    this.#controller.abort();
    await this.#running;
    this.#log.close();
    this.#controller = new AbortController();
    this.#log = new RevisionLog(join(this.#directory, "state.db"));
    this.#store = new Store(this.#log);
    this.#services = this.#serve();
    this.#start(silentLogger);
  }

  create(definition: ResourceDefinition, body: object): ApiObject {
    const input = decodeInput(this.#services.schemas, body, definition, { problems: [] });
    return createObject(this.#services, { definition, namespace: definition.namespaced ? "default" : "" }, input)
      .object;
  }

  get(definition: ResourceDefinition, name: string): ApiObject | undefined {
    return this.#store.get(storageName(definition), definition.namespaced ? `default/${name}` : name)?.object;
  }

  list(definition: ResourceDefinition): ApiObject[] {
    return this.#store.list(storageName(definition)).map((record) => record.object);
  }

  /** Writes a pod's status as a kubelet does. */
  report({ metadata }: ApiObject, status: PodStatus): void {
    const target = { definition: pods, namespace: "default", name: metadata.name ?? "" };
    const input = structuredClone(this.get(pods, target.name)) as ApiObject & Pod;
    input.status = { ...input.status, ...status };
    updateObject(this.#services, target, input, { subresource: "status" });
  }

  /** Lets the controllers work until nothing changes any more. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 5; quiet++) {
      const before = this.#store.revision;
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.#store.revision !== before) quiet = -1;
    }
  }

  /** Moves time on and lets the controllers work. */
  async advance(durationMs: number): Promise<void> {
    await this.clock.advance(durationMs);
    await this.settle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#controller.abort();
    await this.#running;
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#log.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
