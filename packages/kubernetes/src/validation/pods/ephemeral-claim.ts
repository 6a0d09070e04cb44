import type { ObjectMeta, PersistentVolumeClaimTemplate } from "../../api/index.ts";
import { parseQuantity } from "../../quantity.ts";
import { dnsSubdomainProblem } from "../../selectors/label-syntax.ts";
import {
  checkForm,
  checkSupported,
  type FieldError,
  forbiddenValue,
  invalidValue,
  requiredValue,
} from "../field-error.ts";
import { validateLabelSelector } from "../label-selector.ts";
import { validateAnnotations, validateLabels } from "../metadata.ts";

const accessModes: readonly string[] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/** Checks the claim that is made for a volume and named after pod and volume. */
export function validateEphemeralClaim(
  { metadata, spec }: PersistentVolumeClaimTemplate,
  path: string,
  volumeName: string,
  podMetadata: ObjectMeta | undefined,
): FieldError[] {
  const at = `${path}.spec`;
  const modes = spec?.accessModes ?? [];
  const storage = spec?.resources?.requests?.["storage"];
  const errors: FieldError[] = [
    ...validateClaimMetadata(metadata, `${path}.metadata`),
    ...validateLabels(metadata?.labels, `${path}.metadata.labels`),
    ...validateAnnotations(metadata?.annotations, `${path}.metadata.annotations`),
    ...validateLabelSelector(spec?.selector, `${at}.selector`),
    ...(["storageClassName", "volumeAttributesClassName"] as const).flatMap((field) => {
      const name = spec?.[field];
      return name ? checkForm(`${at}.${field}`, name, dnsSubdomainProblem) : [];
    }),
    ...modes.flatMap((mode) => checkSupported(`${at}.accessModes`, mode, accessModes)),
    ...checkSupported(`${at}.volumeMode`, spec?.volumeMode, ["Block", "Filesystem"]),
  ];
  if (modes.length === 0) errors.push(requiredValue(`${at}.accessModes`, "at least 1 access mode is required"));
  if (modes.includes("ReadWriteOncePod") && modes.length > 1)
    errors.push(forbiddenValue(`${at}.accessModes`, "may not use ReadWriteOncePod with other access modes"));
  const amountPath = `${at}.resources[storage]`;
  if (storage === undefined) errors.push(requiredValue(amountPath));
  else if (parseQuantity(storage).nano <= 0n)
    errors.push(invalidValue(amountPath, storage, "must be greater than zero"));
  return [...errors, ...validateClaimName(path, volumeName, podMetadata)];
}

/** Name and all else are the control plane's to give. */
function validateClaimMetadata(metadata: ObjectMeta | undefined, path: string): FieldError[] {
  return Object.entries(metadata ?? {})
    .filter(([field, value]) => field !== "labels" && field !== "annotations" && value !== undefined && value !== "")
    .map(([field]) => forbiddenValue(`${path}.${field}`, "cannot be set"));
}

function validateClaimName(path: string, volumeName: string, podMetadata: ObjectMeta | undefined): FieldError[] {
  if (!podMetadata?.name) return [];
  const name = `${podMetadata.name}-${volumeName}`;
  const problem = dnsSubdomainProblem(name);
  if (problem === undefined) return [];
  return [
    invalidValue(`${path.slice(0, path.indexOf(".ephemeral"))}.name`, volumeName, `PVC name "${name}": ${problem}`),
  ];
}
