import type { Clock } from "@wherry/base";
import type { DeleteOptions, FieldError, KubernetesObject } from "@wherry/kubernetes";
import type { Store } from "../storage/store.ts";
import type { ApiObject } from "./api-object.ts";

export type Verb = "create" | "delete" | "deletecollection" | "get" | "list" | "patch" | "update" | "watch";

export const allVerbs: readonly Verb[] = [
  "create",
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "update",
  "watch",
];

/** What strategies may look at besides the object in hand. */
export interface StrategyContext {
  readonly store: Store;
  readonly clock: Clock;
  /** Lower-case letters and digits, `length` of them. */
  readonly randomText: (length: number) => string;
  /** Adds a `Warning` header to the answer. */
  readonly warn: (message: string) => void;
}

/** How a delete goes on: at once, or after a grace period during which the object stays visible. */
export type Grace = { readonly kind: "immediate" } | { readonly kind: "graceful"; readonly seconds: number };

/**
 * What is particular to one kind. Hooks change the object they are given in place; they never see an object that is already
 * stored, except as `old`, which they must not change.
 */
export interface ResourceStrategy<T> {
  /** Fills in defaults; called for creates and updates alike, after decoding. */
  readonly setDefaults?: (object: T) => void;
  /** What admission plug-ins do on create; throws ApiError to refuse. */
  readonly admit?: (object: T, context: StrategyContext) => void;
  readonly prepareForCreate?: (object: T, context: StrategyContext) => void;
  readonly prepareForUpdate?: (object: T, old: T, context: StrategyContext) => void;
  readonly validate?: (object: T) => readonly FieldError[];
  /** Checks beyond `validate` when the object is new. */
  readonly validateCreate?: (object: T) => readonly FieldError[];
  /** Checks beyond `validate` when `old` is replaced. */
  readonly validateUpdate?: (object: T, old: T) => readonly FieldError[];
  /** Checks of an update through the status subresource, in place of the two above. */
  readonly validateStatusUpdate?: (object: T, old: T) => readonly FieldError[];
  readonly prepareForStatusUpdate?: (object: T, old: T, context: StrategyContext) => void;
  /** @default immediate */
  readonly grace?: (object: T, options: DeleteOptions) => Grace;
  /** Throws ApiError when the object must not be deleted. */
  readonly admitDelete?: (object: T) => void;
  /** Marks an object whose deletion begins, such as a namespace's phase. */
  readonly markDeleting?: (object: T) => void;
  /** Whether something besides finalizers keeps a deleted object, such as a namespace's `spec.finalizers`. */
  readonly holdsDeletion?: (object: T) => boolean;
  /** Fields that field selectors may name besides metadata.name and metadata.namespace. */
  readonly selectableFields?: (object: T) => Record<string, string>;
  /** A PUT to a missing object creates it. @default false */
  readonly allowCreateOnUpdate?: boolean;
  /** An update without resourceVersion overwrites whatever is there. @default true */
  readonly allowUnconditionalUpdate?: boolean;
  /** `metadata.generation` counts changes outside of metadata and status. @default false */
  readonly tracksGeneration?: boolean;
}

/** Text, number or boolean of one table cell. */
export type Cell = string | number | boolean | null;

export interface Column {
  readonly name: string;
  /** @default "string" */
  readonly type?: "string" | "integer" | "boolean" | "date";
  readonly description: string;
  /** 1 is shown by `kubectl get -o wide` only. @default 0 */
  readonly priority?: 0 | 1;
}

/** The columns after Name, and how a row of them is made. */
export interface Printer<T> {
  readonly columns: readonly Column[];
  readonly cells: (object: T, nowMs: number) => readonly Cell[];
  /** Column that holds the object's name; the printers of events put it last. @default 0 */
  readonly nameIndex?: number;
}

/** A way of reading and writing what is stored under another version or group. */
export interface StorageView {
  /** Storage name, such as `events`. */
  readonly resource: string;
  readonly fromStorage: (object: ApiObject) => ApiObject;
  readonly toStorage: (object: ApiObject) => ApiObject;
}

/** What answers requests below `RESOURCE/NAME/SUBRESOURCE`. */
export interface SubresourceDefinition {
  readonly name: string;
  readonly kind: string;
  /** Group and version of `kind` where they are not the parent's. */
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly Verb[];
  /**
   * `status` and `update` change the parent object, `scale` shows and changes its number of replicas, `create` takes a body
   * and answers an object, `connect` is served by the HTTP layer from the kubelet.
   */
  readonly handling:
    | { readonly kind: "status" }
    | { readonly kind: "scale" }
    | { readonly kind: "update"; readonly strategy: ResourceStrategy<never> }
    | { readonly kind: "create"; readonly schema: string }
    | { readonly kind: "connect" };
}

/** One row of the table of resources: everything the generic verbs, discovery, tables and OpenAPI need to know of a kind. */
export interface ResourceDefinition<T = ApiObject> {
  readonly group: string;
  readonly version: string;
  /** Plural, lower case, as in paths. */
  readonly resource: string;
  readonly singular: string;
  readonly kind: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly namespaced: boolean;
  /** @default all */
  readonly verbs?: readonly Verb[];
  /** Key of the schema table. */
  readonly schema: string;
  readonly view?: StorageView;
  /** What is wrong with a name, or undefined. @default RFC 1123 subdomain */
  readonly nameProblem?: (name: string) => string | undefined;
  readonly subresources?: readonly SubresourceDefinition[];
  readonly strategy: ResourceStrategy<T>;
  readonly printer?: Printer<T>;
  /** Answers a create without storing anything, as reviews do. */
  readonly isVirtual?: boolean;
}

/** Takes a definition typed for its kind into the table of all kinds. */
export function defineResource<T extends KubernetesObject>(definition: ResourceDefinition<T>): ResourceDefinition {
  // Objects of this resource have been decoded by its schema, which is what T describes.
  return definition as unknown as ResourceDefinition;
}

/** The `apiVersion` of a definition's objects. */
export function apiVersionOf({ group, version }: { group: string; version: string }): string {
  return group === "" ? version : `${group}/${version}`;
}

/** The name that a definition's objects are stored under. */
export function storageName(definition: ResourceDefinition): string {
  if (definition.view !== undefined) return definition.view.resource;
  return definition.group === "" ? definition.resource : `${definition.resource}.${definition.group}`;
}
