import { aborted, errorMessage, type Logger, WorkQueue } from "@wherry/base";
import { ApiError } from "../../errors.ts";
import { type ResourceDefinition, storageName } from "../../resources/resource-definition.ts";
import type { StoredRecord } from "../../storage/stored-record.ts";
import type { VerbServices } from "../../verbs/verb-services.ts";
import { ownersOf } from "./ownership.ts";

/** A resource whose changes concern objects of the controller. */
export interface ControllerWatch {
  readonly definition: ResourceDefinition;
  /** Keys of the objects that a write concerns. */
  readonly keysOf: (record: StoredRecord) => Iterable<string>;
}

/** What is particular to a controller; `runController` does the rest. */
export interface Controller {
  /** Name in logs. */
  readonly name: string;
  /** What the controller acts upon; every object of it is looked at when the controller starts. */
  readonly definition: ResourceDefinition;
  /** Resources whose objects those of `definition` control: a change of one concerns its controller. */
  readonly owned?: readonly ResourceDefinition[];
  /** What else concerns objects of `definition`. */
  readonly watches?: readonly ControllerWatch[];
  /** Called once, before anything is looked at; gives keys to look at besides those of present objects. */
  begin?(): Iterable<string>;
  /**
   * Brings the world closer to what the object under `key` wants, which may be gone; gives the milliseconds after which to
   * look again though nothing has changed. What it throws is retried with back-off.
   */
  sync(key: string): number | undefined;
}

/**
 * Runs a level-based controller until `signal` aborts.
 *
 * The store is local and synchronous, so a sync sees all that was written before it, its own writes included: there is no
 * cache to wait for. Writes of one turn of the event loop lead to one sync for each key; nothing runs while nothing changes.
 */
export async function runController(
  controller: Controller,
  services: VerbServices,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const { name, definition, owned = [], watches = [] } = controller;
  const { store, clock } = services;
  const initialKeys = [...(controller.begin?.() ?? [])];
  const queue = new WorkQueue(async (key) => controller.sync(key), {
    clock,
    onError(key, error, retryInMs) {
      const isRefusal = error instanceof ApiError && error.httpCode < 500;
      const level = isRefusal ? "debug" : "error";
      logger[level]("Cannot sync", { controller: name, key, retryInMs, error: errorMessage(error) });
    },
  });
  const changed = new Set<string>();
  const enqueue = (key: string) => {
    if (changed.size === 0) {
      // After the answers and bindings that wait in this turn.
      setImmediate(() => {
        for (const item of changed) queue.add(item);
        changed.clear();
      });
    }
    changed.add(key);
  };
  const allWatches: readonly ControllerWatch[] = [
    { definition, keysOf: (record) => [record.key] },
    ...owned.map((item) => ({
      definition: item,
      keysOf: (record: StoredRecord) => ownersOf(services, definition, record),
    })),
    ...watches,
  ];
  const stops = allWatches.map(({ definition: watched, keysOf }) =>
    store.subscribe(storageName(watched), (record) => {
      try {
        for (const key of keysOf(record)) enqueue(key);
      } catch (error) {
        logger.error("Cannot tell whom a change concerns", {
          controller: name,
          key: record.key,
          error: errorMessage(error),
        });
      }
    }),
  );
  for (const record of store.list(storageName(definition))) enqueue(record.key);
  for (const key of initialKeys) enqueue(key);
  const working = queue.run(signal);
  await aborted(signal);
  for (const stop of stops) stop();
  await working;
}

/** The shortest of `waits`, never below zero; undefined when there is none. */
export function shortestWait(waits: readonly (number | undefined)[]): number | undefined {
  const present = waits.filter((wait) => wait !== undefined);
  return present.length === 0 ? undefined : Math.max(0, Math.min(...present));
}
