import { type Event, type FieldError, invalidValue, jsonEquals, type ObjectReference } from "@wherry/kubernetes";
import { ageOf } from "../tables/age.ts";
import type { ApiObject } from "./api-object.ts";
import {
  type Cell,
  type Column,
  defineResource,
  type Printer,
  type ResourceDefinition,
  type ResourceStrategy,
  type StorageView,
} from "./resource-definition.ts";

/** Fields of events.k8s.io/v1 and what core/v1 calls them. */
const renamed: readonly (readonly [string, string])[] = [
  ["regarding", "involvedObject"],
  ["note", "message"],
  ["deprecatedSource", "source"],
  ["deprecatedFirstTimestamp", "firstTimestamp"],
  ["deprecatedLastTimestamp", "lastTimestamp"],
  ["deprecatedCount", "count"],
  ["reportingController", "reportingComponent"],
];

function rename(object: ApiObject, apiVersion: string, from: 0 | 1, to: 0 | 1): ApiObject {
  const result: ApiObject = { ...object, apiVersion };
  for (const pair of renamed) {
    if (!(pair[from] in result)) continue;
    result[pair[to]] = result[pair[from]];
    delete result[pair[from]];
  }
  return result;
}

/** Both groups show the same events, stored as core/v1. */
const view: StorageView = {
  resource: "events",
  fromStorage: (object) => rename(object, "events.k8s.io/v1", 1, 0),
  toStorage: (object) => rename(object, "v1", 0, 1),
};

const columns: readonly Column[] = [
  { name: "Last Seen", description: "Time since the event last happened." },
  { name: "Type", description: "Normal or Warning." },
  { name: "Reason", description: "Why it happened, in one word." },
  { name: "Object", description: "What it is about." },
  { name: "Subobject", description: "Part of the object it is about.", priority: 1 },
  { name: "Source", description: "Component that reported it.", priority: 1 },
  { name: "Message", description: "What happened." },
  { name: "First Seen", description: "Time since the event first happened.", priority: 1 },
  { name: "Count", description: "How often it happened.", priority: 1 },
];

function cells(event: Event, nowMs: number): readonly Cell[] {
  const first = event.firstTimestamp || event.eventTime;
  const last = event.series?.lastObservedTime || event.lastTimestamp || first;
  const count = event.series?.count ?? event.count ?? 0;
  const { component, host } = event.source ?? {};
  const reporter = component || event.reportingComponent || "";
  const instance = host || (component ? "" : event.reportingInstance) || "";
  return [
    ageOf(last, nowMs),
    event.type ?? "",
    event.reason ?? "",
    objectText(event.involvedObject),
    event.involvedObject.fieldPath ?? "",
    instance ? `${reporter}, ${instance}` : reporter,
    (event.message ?? "").trim(),
    ageOf(first, nowMs),
    String(count || 1),
  ];
}

function objectText(reference: ObjectReference): string {
  const kind = reference.kind?.toLowerCase() ?? "";
  return reference.name ? `${kind}/${reference.name}` : kind;
}

const nameIndex = 9;

function validate(event: Event): FieldError[] {
  const namespace = event.metadata?.namespace;
  const involved = event.involvedObject?.namespace;
  // Events about cluster-scoped objects live in the namespace default, older reporters put them in kube-system too.
  if (involved ? involved !== namespace : namespace !== "default" && namespace !== "kube-system") {
    return [invalidValue("involvedObject.namespace", involved ?? "", "does not match event.namespace")];
  }
  return [];
}

function selectableFields(event: Event): Record<string, string> {
  const involved: Partial<ObjectReference> = event.involvedObject ?? {};
  return {
    "involvedObject.kind": involved.kind ?? "",
    "involvedObject.namespace": involved.namespace ?? "",
    "involvedObject.name": involved.name ?? "",
    "involvedObject.uid": involved.uid ?? "",
    "involvedObject.apiVersion": involved.apiVersion ?? "",
    "involvedObject.resourceVersion": involved.resourceVersion ?? "",
    "involvedObject.fieldPath": involved.fieldPath ?? "",
    reason: event.reason ?? "",
    reportingComponent: event.reportingComponent ?? "",
    source: event.source?.component || event.reportingComponent || "",
    type: event.type ?? "",
  };
}

const strategy: ResourceStrategy<Event> = { validate, selectableFields, allowCreateOnUpdate: true };
const printer: Printer<Event> = { columns, cells, nameIndex };

/** Events of core/v1. */
export const coreEvents: ResourceDefinition = defineResource<Event>({
  group: "",
  version: "v1",
  resource: "events",
  singular: "event",
  kind: "Event",
  shortNames: ["ev"],
  namespaced: true,
  schema: "core/v1.Event",
  strategy,
  printer,
});

function asCore(object: ApiObject): Event {
  return view.toStorage(object) as unknown as Event;
}

/** The same events as events.k8s.io/v1 spells them. */
export const groupEvents: ResourceDefinition = defineResource({
  group: "events.k8s.io",
  version: "v1",
  resource: "events",
  singular: "event",
  kind: "Event",
  shortNames: ["ev"],
  namespaced: true,
  schema: "events/v1.Event",
  view,
  strategy: {
    validate: (object: ApiObject) =>
      validate(asCore(object)).map((error) => ({ ...error, field: "regarding.namespace" })),
    validateUpdate: (object: ApiObject, old: ApiObject) =>
      ["note", "reason", "regarding", "action", "type"].flatMap((field) =>
        jsonEquals(object[field], old[field]) ? [] : [invalidValue(field, object[field], "field is immutable")],
      ),
    selectableFields: (object: ApiObject) => {
      const fields = selectableFields(asCore(object));
      for (const [key, value] of Object.entries(fields)) {
        if (key.startsWith("involvedObject.")) fields[key.replace("involvedObject", "regarding")] = value;
      }
      return fields;
    },
    allowCreateOnUpdate: true,
  },
  printer: { columns, cells: (object: ApiObject, nowMs: number) => cells(asCore(object), nowMs), nameIndex },
});
