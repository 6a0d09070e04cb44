import type { ApiObject } from "../resources/api-object.ts";
import type { Cell, Column, Printer, ResourceDefinition } from "../resources/resource-definition.ts";
import { ageOf } from "./age.ts";

export interface TableColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}

export interface TableRow {
  readonly cells: readonly Cell[];
  readonly object?: unknown;
}

/** What rows carry besides their cells. */
export type IncludeObject = "None" | "Metadata" | "Object";

const nameColumn: TableColumnDefinition = {
  name: "Name",
  type: "string",
  format: "name",
  description: "Name of the object, unique within its namespace.",
  priority: 0,
};

/** Kinds without a printer of their own show name and age. */
const defaultPrinter: Printer<ApiObject> = {
  columns: [{ name: "Age", description: "Time since the object was created." }],
  cells: (object, nowMs) => [ageOf(object.metadata.creationTimestamp, nowMs)],
};

function printerOf(definition: ResourceDefinition): Printer<ApiObject> {
  return definition.printer ?? defaultPrinter;
}

/** The columns of a kind's table. */
export function columnDefinitions(definition: ResourceDefinition): TableColumnDefinition[] {
  const printer = printerOf(definition);
  const columns: TableColumnDefinition[] = printer.columns.map((column: Column) => ({
    name: column.name,
    type: column.type ?? "string",
    format: "",
    description: column.description,
    priority: column.priority ?? 0,
  }));
  const nameIndex = printer.nameIndex ?? 0;
  columns.splice(nameIndex, 0, nameIndex === 0 ? nameColumn : { ...nameColumn, priority: 1 });
  return columns;
}

/** The row of one object. */
export function tableRow(
  definition: ResourceDefinition,
  object: ApiObject,
  nowMs: number,
  include: IncludeObject,
): TableRow {
  const printer = printerOf(definition);
  const cells = [...printer.cells(object, nowMs)];
  cells.splice(printer.nameIndex ?? 0, 0, object.metadata.name ?? "");
  if (include === "None") return { cells };
  return { cells, object: include === "Object" ? object : partialMetadata(object) };
}

/** An object reduced to its metadata. */
export function partialMetadata(object: ApiObject): Record<string, unknown> {
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata };
}

/** A table of `rows`; a watch leaves columns out after the first event. */
export function tableObject(
  columns: readonly TableColumnDefinition[],
  rows: readonly TableRow[],
  metadata: Record<string, unknown>,
): Record<string, unknown> {
  return { kind: "Table", apiVersion: "meta.k8s.io/v1", metadata, columnDefinitions: columns, rows };
}
