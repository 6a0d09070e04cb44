import {
  type FieldError,
  type KubernetesObject,
  type LabelSelector,
  type PodTemplateSpec,
  requiredValue,
  setPodTemplateDefaults,
} from "@wherry/kubernetes";
import { ageOf } from "../../tables/age.ts";
import {
  type Cell,
  type Column,
  defineResource,
  type ResourceDefinition,
  type ResourceStrategy,
} from "../resource-definition.ts";
import { validateImmutable } from "./pod-template.ts";
import {
  ageColumn,
  scaleSubresource,
  selectorColumn,
  selectorText,
  statusSubresource,
  templateCells,
  templateColumns,
} from "./workload-columns.ts";

/** A kind whose objects make pods from a template. */
interface Workload<Spec> extends KubernetesObject {
  spec?: Spec | undefined;
  status?: object | undefined;
}

interface WorkloadSpec {
  readonly selector?: LabelSelector | undefined;
  readonly template?: PodTemplateSpec | undefined;
}

/** A column and what stands in it. */
export interface WorkloadColumn<T> extends Column {
  readonly cell: (object: T, nowMs: number) => Cell;
}

/** What is particular to a kind with a pod template; `defineWorkload` knows the rest. */
export interface WorkloadDefinition<T extends Workload<Spec>, Spec extends WorkloadSpec> {
  readonly group: "apps" | "batch";
  /** The resource is its plural, in lower case. */
  readonly kind: string;
  readonly shortNames?: readonly string[];
  /** Fills in defaults outside of the template. */
  readonly setDefaults: (spec: Spec, object: T) => void;
  /** What the status of a new object is; a client's is dropped. */
  readonly initialStatus: () => NonNullable<T["status"]>;
  /** What a new object gets beyond its status. */
  readonly prepareForCreate?: (spec: Spec, object: T) => void;
  /** What an update changes beyond what its client wants. */
  readonly prepareForUpdate?: (object: T, old: T) => void;
  readonly validate: (spec: Spec, object: T) => readonly FieldError[];
  /** @default the selector stays as it is */
  readonly validateUpdate?: (object: T, old: T) => readonly FieldError[];
  readonly selectableFields?: (object: T) => Record<string, string>;
  /** Columns before the age. */
  readonly columns: readonly WorkloadColumn<T>[];
  /** Whether wide tables show the selector. @default true */
  readonly showsSelector?: boolean;
  /** Whether the kind has `spec.replicas` that the scale subresource changes. @default false */
  readonly scales?: boolean;
}

/** A kind with a pod template as the table of resources wants it. */
export function defineWorkload<T extends Workload<Spec>, Spec extends WorkloadSpec = NonNullable<T["spec"]>>(
  workload: WorkloadDefinition<T, Spec>,
): ResourceDefinition {
  const { group, kind, shortNames, columns, showsSelector = true, scales = false } = workload;
  const singular = kind.toLowerCase();
  return defineResource<T>({
    group,
    version: "v1",
    resource: `${singular}s`,
    singular,
    kind,
    ...(shortNames && { shortNames }),
    categories: ["all"],
    namespaced: true,
    schema: `${group}/v1.${kind}`,
    strategy: strategyOf(workload),
    printer: {
      columns: [...columns.map(shown), ageColumn, ...templateColumns, ...(showsSelector ? [selectorColumn] : [])],
      cells: (object, nowMs) => [
        ...columns.map(({ cell }) => cell(object, nowMs)),
        ageOf(object.metadata?.creationTimestamp, nowMs),
        ...templateCells(object.spec?.template),
        ...(showsSelector ? [selectorText(object.spec?.selector)] : []),
      ],
    },
    subresources: [...(scales ? [scaleSubresource] : []), statusSubresource(kind)],
  });
}

function shown<T>({ cell: _, ...column }: WorkloadColumn<T>): Column {
  return column;
}

function strategyOf<T extends Workload<Spec>, Spec extends WorkloadSpec>(
  workload: WorkloadDefinition<T, Spec>,
): ResourceStrategy<T> {
  const { selectableFields } = workload;
  return {
    setDefaults(object) {
      if (object.spec === undefined) return;
      workload.setDefaults(object.spec, object);
      setPodTemplateDefaults(object.spec.template);
    },
    prepareForCreate(object) {
      object.status = workload.initialStatus();
      if (object.spec !== undefined) workload.prepareForCreate?.(object.spec, object);
    },
    prepareForUpdate(object, old) {
      object.status = old.status;
      workload.prepareForUpdate?.(object, old);
    },
    validate: (object) =>
      object.spec === undefined ? [requiredValue("spec")] : workload.validate(object.spec, object),
    validateUpdate:
      workload.validateUpdate ??
      (({ spec }, old) => validateImmutable(spec?.selector, old.spec?.selector, "spec.selector")),
    ...(selectableFields && { selectableFields }),
    tracksGeneration: true,
  };
}
