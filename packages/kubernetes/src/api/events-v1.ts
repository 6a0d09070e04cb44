// Written by scripts/generate-api-types.ts; do not edit.
import type { EventSource, ObjectReference } from "./core-v1.ts";
import type { ListMeta, ObjectMeta } from "./meta-v1.ts";

export interface Event {
  action?: string | undefined;
  apiVersion?: "events.k8s.io/v1";
  deprecatedCount?: number | undefined;
  deprecatedFirstTimestamp?: string | undefined;
  deprecatedLastTimestamp?: string | undefined;
  deprecatedSource?: EventSource | undefined;
  eventTime: string;
  kind?: "Event";
  metadata?: ObjectMeta | undefined;
  note?: string | undefined;
  reason?: string | undefined;
  regarding?: ObjectReference | undefined;
  related?: ObjectReference | undefined;
  reportingController?: string | undefined;
  reportingInstance?: string | undefined;
  series?: EventSeries | undefined;
  type?: string | undefined;
}

export interface EventList {
  apiVersion?: "events.k8s.io/v1";
  items: Event[];
  kind?: "EventList";
  metadata?: ListMeta | undefined;
}

export interface EventSeries {
  count: number;
  lastObservedTime: string;
}
