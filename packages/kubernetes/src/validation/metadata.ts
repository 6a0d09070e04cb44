import type { ObjectMeta } from "../api/index.ts";
import { jsonEquals } from "../patch/json-value.ts";
import { labelKeyProblems, labelValueProblem } from "../selectors/label-syntax.ts";
import {
  checkForm,
  type FieldError,
  forbiddenValue,
  invalidValue,
  requiredValue,
  tooLongValue,
} from "./field-error.ts";

const maxAnnotationBytes = 256 * 1024;

/** Checks metadata of a new or updated object as upstream's ValidateObjectMeta does. */
export function validateMetadata(
  metadata: ObjectMeta,
  namespaced: boolean,
  nameProblem: (name: string) => string | undefined,
): FieldError[] {
  const errors: FieldError[] = [];
  const { name, generateName, namespace } = metadata;
  if (generateName) {
    // A trailing dash is fine here because characters follow it.
    const problem = nameProblem(generateName.replace(/-$/, "a"));
    if (problem !== undefined) errors.push(invalidValue("metadata.generateName", generateName, problem));
  }
  if (!name) errors.push(requiredValue("metadata.name", "name or generateName is required"));
  else {
    const problem = nameProblem(name);
    if (problem !== undefined) errors.push(invalidValue("metadata.name", name, problem));
  }
  if (namespaced && !namespace) errors.push(requiredValue("metadata.namespace"));
  if (!namespaced && namespace) errors.push(forbiddenValue("metadata.namespace", "not allowed on this type"));
  errors.push(...validateLabels(metadata.labels, "metadata.labels"));
  errors.push(...validateAnnotations(metadata.annotations, "metadata.annotations"));
  errors.push(...validateOwners(metadata));
  for (const finalizer of metadata.finalizers ?? []) {
    errors.push(...checkForm("metadata.finalizers", finalizer, labelKeyProblems));
  }
  return errors;
}

/** Checks keys and values of labels, also of those that a node must have. */
export function validateLabels(labels: Readonly<Record<string, string>> | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(labels ?? {})) {
    errors.push(...checkForm(path, key, labelKeyProblems), ...checkForm(path, value, labelValueProblem));
  }
  return errors;
}

/** Checks the keys of annotations, and that all are not too long together. */
export function validateAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  let sizeBytes = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    for (const problem of labelKeyProblems(key.toLowerCase())) errors.push(invalidValue(path, key, problem));
    sizeBytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (sizeBytes > maxAnnotationBytes) errors.push(tooLongValue(path, maxAnnotationBytes));
  return errors;
}

function validateOwners(metadata: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  const owners = metadata.ownerReferences ?? [];
  for (const owner of owners) {
    for (const field of ["apiVersion", "kind", "name", "uid"] as const) {
      if (owner[field]) continue;
      const problem = field === "apiVersion" ? "version must not be empty" : "must not be empty";
      errors.push(invalidValue(`metadata.ownerReferences.${field}`, owner[field] ?? "", problem));
    }
  }
  const controllers = owners.filter((owner) => owner.controller);
  if (controllers.length > 1) {
    errors.push(invalidValue("metadata.ownerReferences", owners, "Only one reference can have Controller set to true"));
  }
  return errors;
}

/** Checks what an update must leave alone in metadata. */
export function validateMetadataUpdate(metadata: ObjectMeta, old: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ["name", "namespace", "uid", "creationTimestamp"] as const) {
    if (!jsonEquals(metadata[field] ?? "", old[field] ?? "")) {
      errors.push(invalidValue(`metadata.${field}`, metadata[field] ?? "", "field is immutable"));
    }
  }
  if (old.deletionTimestamp !== undefined) {
    const added = (metadata.finalizers ?? []).filter((finalizer) => !old.finalizers?.includes(finalizer));
    if (added.length > 0) {
      const list = added.map((finalizer) => JSON.stringify(finalizer)).join(", ");
      errors.push(
        forbiddenValue(
          "metadata.finalizers",
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
        ),
      );
    }
  }
  return errors;
}
