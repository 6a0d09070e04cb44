import {
  type FieldSelector,
  matchesFields,
  matchesLabels,
  type ParsedLabelSelector,
  parseFieldSelector,
  parseLabelSelector,
  SelectorError,
} from "@wherry/kubernetes";
import { badRequest } from "../errors.ts";
import type { ApiObject } from "../resources/api-object.ts";
import type { ResourceDefinition } from "../resources/resource-definition.ts";

/** Which objects of a resource a list or watch is about. */
export class Selection {
  readonly #definition: ResourceDefinition;
  readonly #labels: ParsedLabelSelector;
  readonly #fields: FieldSelector;
  readonly #namespace: string;

  /** Reads both selector texts; throws a 400 ApiError, also for fields that the kind cannot be selected by. */
  constructor(definition: ResourceDefinition, namespace: string, labelText: string, fieldText: string) {
    this.#definition = definition;
    this.#namespace = namespace;
    try {
      this.#labels = parseLabelSelector(labelText);
      this.#fields = parseFieldSelector(fieldText);
    } catch (error) {
      if (error instanceof SelectorError) throw badRequest(error.message);
      throw error;
    }
    for (const { field } of this.#fields) this.#checkField(field);
  }

  /** Whether every object of the resource is selected. */
  get isAll(): boolean {
    return this.#labels.length === 0 && this.#fields.length === 0 && this.#namespace === "";
  }

  matches(object: ApiObject): boolean {
    const { metadata } = object;
    if (this.#namespace !== "" && metadata.namespace !== this.#namespace) return false;
    if (this.#labels.length > 0 && !matchesLabels(this.#labels, metadata.labels)) return false;
    return this.#fields.length === 0 || matchesFields(this.#fields, selectableFieldsOf(this.#definition, object));
  }

  #checkField(field: string): void {
    if (field === "metadata.name" || field === "metadata.namespace") return;
    const probe = { apiVersion: "", kind: "", metadata: {} } as ApiObject;
    if (field in (this.#definition.strategy.selectableFields?.(probe) ?? {})) return;
    throw badRequest(`field label not supported: ${field}`);
  }
}

function selectableFieldsOf(definition: ResourceDefinition, object: ApiObject): Record<string, string> {
  return {
    ...definition.strategy.selectableFields?.(object),
    "metadata.name": object.metadata.name ?? "",
    "metadata.namespace": object.metadata.namespace ?? "",
  };
}
