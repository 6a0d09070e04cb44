import type { DownwardAPIVolumeFile, ObjectFieldSelector, ResourceFieldSelector } from "../../api/index.ts";
import { compareQuantities, parseQuantity } from "../../quantity.ts";
import { labelKeyProblems } from "../../selectors/label-syntax.ts";
import { checkForm, checkSupported, type FieldError, invalidValue, requiredValue } from "../field-error.ts";
import { validateFilePath } from "../relative-path.ts";
import { validateMode } from "./file-items.ts";

/** Where facts of the pod are shown, on which depends which may be. */
export type DownwardTarget = "environment" | "volume";

const fieldsOf: Readonly<Record<DownwardTarget, readonly string[]>> = {
  environment: [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
  ],
  volume: ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"],
};

/** What the API knows of a pod, of which each target takes a part. */
const knownFields: ReadonlySet<string> = new Set([
  ...fieldsOf.environment,
  ...fieldsOf.volume,
  "spec.restartPolicy",
  "spec.schedulerName",
  "status.phase",
]);

/** A path of a field, and the key where it ends in a subscript, as in `metadata.labels['key']`. */
function splitSubscript(path: string): { readonly named: string; readonly key?: string } {
  const body = path.endsWith("']") ? path.slice(0, -2) : "";
  const at = body.indexOf("['");
  return at > 0 ? { named: body.slice(0, at), key: body.slice(at + 2) } : { named: path };
}

/** Checks a reference to a field of the pod. */
export function validateFieldReference(
  { apiVersion, fieldPath }: ObjectFieldSelector,
  path: string,
  target: DownwardTarget,
): FieldError[] {
  if (!apiVersion) return [requiredValue(`${path}.apiVersion`)];
  if (!fieldPath) return [requiredValue(`${path}.fieldPath`)];
  const problem = (text: string): FieldError[] => [
    invalidValue(`${path}.fieldPath`, fieldPath, `error converting fieldPath: ${text}`),
  ];
  if (apiVersion !== "v1") return problem(`unsupported pod version: ${apiVersion}`);
  const { named, key } = splitSubscript(fieldPath);
  // As it was called before.
  const field = named === "spec.host" ? "spec.nodeName" : named;
  if (key === undefined) {
    if (!knownFields.has(field)) return problem(`field label not supported: ${field}`);
    return checkSupported(`${path}.fieldPath`, field, fieldsOf[target]);
  }
  if (field === "metadata.annotations") return checkForm(path, key.toLowerCase(), labelKeyProblems);
  if (field === "metadata.labels") return checkForm(path, key, labelKeyProblems);
  return problem(`field label does not support subscript: ${fieldPath}`);
}

const resources = ["limits", "requests"].flatMap((list) =>
  ["cpu", "ephemeral-storage", "memory"].map((name) => `${list}.${name}`),
);
const hugePages = /^(?:limits|requests)\.hugepages-/;

const binary = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

/** The units that an amount may be told in, and what it is called in messages. */
function divisorsOf(resource: string): { readonly kind: string; readonly units: readonly string[] } {
  const name = resource.slice(resource.indexOf(".") + 1);
  if (name === "cpu") return { kind: "cpu", units: ["1m", "1"] };
  if (name === "memory") return { kind: "memory", units: binary };
  return { kind: name === "ephemeral-storage" ? "local ephemeral storage" : "hugepages", units: binary };
}

/** Checks a reference to an amount of a container; in a volume it has to name the container. */
export function validateResourceReference(
  { containerName, resource, divisor }: ResourceFieldSelector,
  path: string,
  target: DownwardTarget,
): FieldError[] {
  if (target === "volume" && !containerName) return [requiredValue(`${path}.containerName`)];
  if (!resource) return [requiredValue(`${path}.resource`)];
  if (!resources.includes(resource) && !hugePages.test(resource))
    return checkSupported(`${path}.resource`, resource, resources);
  const { kind, units } = divisorsOf(resource);
  const amount = parseQuantity(divisor || "0");
  const isKnown = amount.nano === 0n || units.some((unit) => compareQuantities(parseQuantity(unit), amount) === 0);
  if (isKnown) return [];
  const list = units.length > 2 ? units.join(", ") : units.join(" and ");
  return [
    invalidValue(`${path}.divisor`, resource, `only divisor's values ${list} are supported with the ${kind} resource`),
  ];
}

/** Checks the files of a volume that shows facts of the pod. */
export function validateDownwardFiles(files: readonly DownwardAPIVolumeFile[] | undefined, path: string): FieldError[] {
  return (files ?? []).flatMap(({ path: file, fieldRef, resourceFieldRef, mode }) => {
    const errors = file ? validateFilePath(file, `${path}.path`) : [requiredValue(`${path}.path`)];
    if (fieldRef !== undefined) {
      errors.push(...validateFieldReference(fieldRef, `${path}.fieldRef`, "volume"));
      if (resourceFieldRef !== undefined)
        errors.push(
          invalidValue(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"),
        );
    } else if (resourceFieldRef !== undefined)
      errors.push(...validateResourceReference(resourceFieldRef, `${path}.resourceFieldRef`, "volume"));
    else errors.push(requiredValue(path, "one of fieldRef and resourceFieldRef is required"));
    return [...errors, ...validateMode(mode, `${path}.mode`)];
  });
}
