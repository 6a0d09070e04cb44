import { type ApiError, expired, tooLargeResourceVersion } from "../errors.ts";
import type { ApiObject } from "../resources/api-object.ts";
import { storageName } from "../resources/resource-definition.ts";
import type { StoredRecord } from "../storage/stored-record.ts";
import type { Selection } from "./selection.ts";
import type { Target, VerbServices } from "./verb-services.ts";

export type WatchEventType = "ADDED" | "MODIFIED" | "DELETED";

/** Where the events of a watch go. */
export interface WatchSink {
  /** `record` is given where the event's object is the stored one, so that its serialised form can be used. */
  event(type: WatchEventType, object: ApiObject, record: StoredRecord | undefined): void;
  bookmark(revision: number, isInitialEnd: boolean): void;
  error(error: ApiError): void;
}

export interface WatchOptions {
  readonly selection: Selection;
  /** Events after this revision; 0 starts with the present state. */
  readonly revision: number;
  /** The present state first, then an `initial-events-end` bookmark (KEP-3157). @default false */
  readonly sendInitialEvents?: boolean;
}

/**
 * Sends what happens to the selected objects to `sink` until the returned function is called.
 *
 * Everything up to now is sent before this returns. Throws a 504 ApiError for a watch list at a revision yet to come; a
 * revision beyond history is told to the sink as an error, with which the watch is over, and undefined is returned.
 */
export function watchObjects(
  services: VerbServices,
  target: Target,
  options: WatchOptions,
  sink: WatchSink,
): (() => void) | undefined {
  const { store } = services;
  const resource = storageName(target.definition);
  const { revision } = options;
  const view = target.definition.view;
  const read = (record: StoredRecord): ApiObject => view?.fromStorage(record.object) ?? record.object;
  const shown = (record: StoredRecord): StoredRecord | undefined => (view === undefined ? record : undefined);
  if (options.sendInitialEvents && revision > store.revision) throw tooLargeResourceVersion(revision, store.revision);
  if (options.sendInitialEvents || revision === 0) {
    for (const record of store.list(resource, target.namespace)) {
      const object = read(record);
      if (options.selection.matches(object)) sink.event("ADDED", object, shown(record));
    }
    if (options.sendInitialEvents) sink.bookmark(store.revision, true);
  } else if (revision < store.compactedRevision) {
    sink.error(expired(`too old resource version: ${revision} (${store.compactedRevision})`));
    return undefined;
  } else {
    for (const record of store.since(resource, revision)) deliver(record, options.selection, read, shown, sink);
  }
  return store.subscribe(resource, (record) => {
    if (record.revision > revision) deliver(record, options.selection, read, shown, sink);
  });
}

/** Translates a write into what a watcher with a selection sees of it. */
function deliver(
  record: StoredRecord,
  selection: Selection,
  read: (record: StoredRecord) => ApiObject,
  shown: (record: StoredRecord) => StoredRecord | undefined,
  sink: WatchSink,
): void {
  if (selection.isAll) {
    const type = record.operation === "create" ? "ADDED" : record.operation === "update" ? "MODIFIED" : "DELETED";
    sink.event(type, read(record), shown(record));
    return;
  }
  const before = record.previous === undefined ? undefined : read(record.previous);
  const wasSelected = before !== undefined && selection.matches(before);
  if (record.operation === "delete") {
    if (wasSelected) sink.event("DELETED", read(record), shown(record));
    return;
  }
  const object = read(record);
  const isSelected = selection.matches(object);
  if (isSelected) sink.event(wasSelected ? "MODIFIED" : "ADDED", object, shown(record));
  else if (wasSelected) {
    // Out of sight: what is told is the last state that was in sight, at the revision of the change.
    const last = { ...before, metadata: { ...before.metadata, resourceVersion: String(record.revision) } };
    sink.event("DELETED", last, undefined);
  }
}
