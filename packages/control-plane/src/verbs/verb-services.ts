import { randomBytes, randomUUID } from "node:crypto";
import type { Clock } from "@wherry/base";
import type { ManagedFieldsEntry } from "@wherry/kubernetes";
import type { SchemaCatalog } from "../decoding/schema-catalog.ts";
import type { ApiObject } from "../resources/api-object.ts";
import type { ResourceDefinition, StrategyContext } from "../resources/resource-definition.ts";
import type { Store } from "../storage/store.ts";
import type { StoredRecord } from "../storage/stored-record.ts";

/** What every verb works with. */
export interface VerbServices {
  readonly store: Store;
  readonly schemas: SchemaCatalog;
  readonly clock: Clock;
}

/** A resource within a namespace, or in all of them where `namespace` is empty. */
export interface Target {
  readonly definition: ResourceDefinition;
  /** Empty for cluster-scoped resources. */
  readonly namespace: string;
}

export interface ObjectTarget extends Target {
  readonly name: string;
}

export interface WriteOptions {
  readonly dryRun?: boolean;
  /** Who is recorded in `metadata.managedFields`; without one, a write is recorded only where fields are tracked already. */
  readonly fieldManager?: string | undefined;
  /** Names the writer in records that others began. */
  readonly userAgent?: string | undefined;
  /** The record of an apply, in place of what would be worked out. */
  readonly managedFields?: readonly ManagedFieldsEntry[];
  /** Looks at what is about to be stored; throws ApiError to refuse. `old` is what it replaces. */
  readonly admit?: (object: ApiObject, old: ApiObject | undefined) => void;
  /** Takes texts for `Warning` headers. */
  readonly warn?: (message: string) => void;
}

/** What a write left behind. */
export interface WriteOutcome {
  readonly object: ApiObject;
  /** Absent for a dry run. */
  readonly record?: StoredRecord;
  readonly created: boolean;
}

// Without vowels and look-alikes, so that no words come about; the alphabet of upstream's name generator.
const alphabet = "bcdfghjklmnpqrstvwxz2456789";

/** Random lower-case letters and digits as upstream's generated names have. */
export function randomText(length: number): string {
  let text = "";
  for (const byte of randomBytes(length)) text += alphabet[byte % alphabet.length];
  return text;
}

export function newUid(): string {
  return randomUUID();
}

export function strategyContext(services: VerbServices, options: WriteOptions): StrategyContext {
  return {
    store: services.store,
    clock: services.clock,
    randomText,
    warn: options.warn ?? (() => undefined),
  };
}

/** The time of `clock` as metav1.Time is written. */
export function timestamp(clock: Clock, afterMs = 0): string {
  return `${new Date(clock.now() + afterMs).toISOString().slice(0, 19)}Z`;
}

/** `object` with an own top level and metadata; deeper parts stay shared and must be replaced, not changed. */
export function shallowCopy(object: ApiObject): ApiObject {
  return { ...object, metadata: { ...object.metadata } };
}
