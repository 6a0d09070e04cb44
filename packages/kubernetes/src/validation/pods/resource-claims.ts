import type { ObjectMeta, PodResourceClaim, ResourceClaim } from "../../api/index.ts";
import { dnsLabelProblem, dnsSubdomainProblem } from "../../selectors/label-syntax.ts";
import {
  checkForm,
  duplicateValue,
  type FieldError,
  invalidValue,
  notFoundValue,
  requiredValue,
} from "../field-error.ts";

/** Checks which claims of devices a pod with this metadata has. */
export function validatePodClaims(
  claims: readonly PodResourceClaim[],
  path: string,
  podMetadata: ObjectMeta | undefined,
): FieldError[] {
  const names = new Set<string>();
  return claims.flatMap((claim, index) => {
    const at = `${path}[${index}]`;
    const { name, resourceClaimName, resourceClaimTemplateName } = claim;
    const errors = validateName(name, `${at}.name`, podMetadata);
    if (name && names.has(name)) errors.push(duplicateValue(`${at}.name`, name));
    names.add(name);
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined)
      errors.push(
        invalidValue(at, claim, "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"),
      );
    if (resourceClaimName === undefined && resourceClaimTemplateName === undefined)
      errors.push(invalidValue(at, claim, "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"));
    for (const [field, value] of Object.entries({ resourceClaimName, resourceClaimTemplateName }))
      if (value !== undefined) errors.push(...checkForm(`${at}.${field}`, value, dnsSubdomainProblem));
    return errors;
  });
}

/** A claim that is made for the pod has the names of both. */
function validateName(name: string, path: string, podMetadata: ObjectMeta | undefined): FieldError[] {
  if (!name) return [requiredValue(path)];
  const errors = checkForm(path, name, dnsLabelProblem);
  if (errors.length > 0 || !podMetadata?.name) return errors;
  const claimName = `${podMetadata.name}-${name}`;
  const problem = dnsSubdomainProblem(claimName);
  return problem === undefined ? [] : [invalidValue(path, claimName, `final ResourceClaim name: ${problem}`)];
}

/** Checks that a container uses claims of its pod, each once. */
export function validateContainerClaims(
  claims: readonly ResourceClaim[],
  path: string,
  podClaims: readonly PodResourceClaim[],
): FieldError[] {
  const names = new Set<string>();
  const known = new Set(podClaims.map(({ name }) => name));
  return claims.flatMap(({ name, request }, index) => {
    const at = `${path}[${index}]`;
    if (!name) return [requiredValue(at)];
    const errors = request ? checkForm(`${at}.request`, request, dnsLabelProblem) : [];
    const isTaken = names.has(name);
    names.add(name);
    if (isTaken) return [...errors, duplicateValue(at, name)];
    if (known.has(name)) return errors;
    const list = known.size === 0 ? " which is empty" : `: ${[...known].sort().join(", ")}`;
    const error = notFoundValue(at, name);
    return [
      ...errors,
      { ...error, message: `${error.message}: must be one of the names in pod.spec.resourceClaims${list}` },
    ];
  });
}
