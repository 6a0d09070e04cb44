import type { ClusterTrustBundleProjection, PodCertificateProjection, ProjectedVolumeSource } from "@wherry/kubernetes";
import {
  checkSupported,
  type FieldError,
  forbiddenValue,
  invalidValue,
  required,
} from "../../validation/field-error.ts";
import { validateLabelSelector } from "../../validation/label-selector.ts";
import { trustBundleNameProblem, validateSignerName, validateUserAnnotations } from "../../validation/signer-name.ts";
import { maxExpirationSeconds, minExpirationSeconds } from "../certificates/pod-certificate-requests.ts";
import { validateRelativePath } from "./container-validation.ts";
import { validateItems, validateMode } from "./file-validation.ts";

const minTokenSeconds = 600;
const keyTypes: readonly string[] = ["RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"];
const certificatePaths = ["credentialBundlePath", "keyPath", "certificateChainPath"] as const;

/** Checks a projected volume. */
export function validateProjected(projected: ProjectedVolumeSource, path: string): FieldError[] {
  const errors = validateMode(projected.defaultMode, `${path}.defaultMode`);
  (projected.sources ?? []).forEach((source, index) => {
    const at = `${path}.sources[${index}]`;
    const kinds = Object.keys(source);
    for (const kind of kinds.slice(1)) {
      errors.push(forbiddenValue(`${at}.${kind}`, "may not specify more than 1 volume type"));
    }
    if (source.secret !== undefined && !source.secret.name) errors.push(required(`${at}.secret.name`));
    if (source.configMap !== undefined && !source.configMap.name) errors.push(required(`${at}.configMap.name`));
    errors.push(...validateItems(source.secret?.items, `${at}.secret.items`));
    errors.push(...validateItems(source.configMap?.items, `${at}.configMap.items`));
    if (source.clusterTrustBundle !== undefined)
      errors.push(...validateTrustBundle(source.clusterTrustBundle, `${at}.clusterTrustBundle`));
    if (source.podCertificate !== undefined)
      errors.push(...validatePodCertificate(source.podCertificate, `${at}.podCertificate`));
    const token = source.serviceAccountToken;
    if (token === undefined) return;
    if ((token.expirationSeconds ?? minTokenSeconds) < minTokenSeconds) {
      const field = `${at}.serviceAccountToken.expirationSeconds`;
      errors.push(invalidValue(field, token.expirationSeconds, "may not specify a duration less than 10 minutes"));
    }
    if (!token.path) errors.push(required(`${at}.serviceAccountToken.path`));
    else errors.push(...validateRelativePath(token.path, `${at}.serviceAccountToken.path`));
  });
  return errors;
}

function validateTrustBundle(projection: ClusterTrustBundleProjection, at: string): FieldError[] {
  const { name, signerName, labelSelector, path } = projection;
  const errors: FieldError[] = [];
  if (name !== undefined && signerName !== undefined)
    errors.push(invalidValue(at, projection, "only one of name and signerName may be used"));
  else if (name !== undefined) {
    if (name === "") errors.push(required(`${at}.name`, "must be a valid object name"));
    const signer = name.includes(":") ? name.slice(0, name.lastIndexOf(":")).replaceAll(":", "/") : undefined;
    const problem = trustBundleNameProblem(name, signer);
    if (problem !== undefined)
      errors.push(invalidValue(`${at}.name`, name, `not a valid clustertrustbundlename: ${problem}`));
    if (labelSelector !== undefined)
      errors.push(
        invalidValue(`${at}.labelSelector`, labelSelector, "labelSelector must be unset if name is specified"),
      );
  } else if (signerName !== undefined) {
    errors.push(...validateSignerName(signerName, `${at}.signerName`));
    errors.push(...validateLabelSelector(labelSelector, `${at}.labelSelector`));
  } else errors.push(required(at, "either name or signerName must be specified"));
  errors.push(...(path ? validateRelativePath(path, `${at}.path`) : [required(`${at}.path`)]));
  return errors;
}

function validatePodCertificate(projection: PodCertificateProjection, at: string): FieldError[] {
  const { signerName = "", keyType = "", maxExpirationSeconds: seconds, userAnnotations } = projection;
  const longest = maxExpirationSeconds(signerName);
  const errors = [
    ...validateSignerName(signerName, `${at}.signerName`),
    ...checkSupported(`${at}.keyType`, keyType, keyTypes),
    ...validateUserAnnotations(userAnnotations, `${at}.userAnnotations`),
  ];
  if (seconds !== undefined && seconds < minExpirationSeconds)
    errors.push(
      invalidValue(
        `${at}.maxExpirationSeconds`,
        seconds,
        `if provided, maxExpirationSeconds must be >= ${minExpirationSeconds}`,
      ),
    );
  if (seconds !== undefined && seconds > longest)
    errors.push(
      invalidValue(`${at}.maxExpirationSeconds`, seconds, `if provided, maxExpirationSeconds must be <= ${longest}`),
    );
  const paths = certificatePaths.filter((field) => projection[field]);
  if (paths.length === 0)
    errors.push(required(at, "specify at least one of credentialBundlePath, keyPath, and certificateChainPath"));
  for (const field of paths) errors.push(...validateRelativePath(projection[field] ?? "", `${at}.${field}`));
  return errors;
}
