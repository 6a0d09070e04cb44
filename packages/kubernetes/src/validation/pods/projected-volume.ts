import type {
  ClusterTrustBundleProjection,
  PodCertificateProjection,
  ProjectedVolumeSource,
  ServiceAccountTokenProjection,
  VolumeProjection,
} from "../../api/index.ts";
import { checkSupported, type FieldError, forbiddenValue, invalidValue, requiredValue } from "../field-error.ts";
import { validateLabelSelector } from "../label-selector.ts";
import { validateFilePath } from "../relative-path.ts";
import {
  maxCertificateSeconds,
  minCertificateSeconds,
  trustBundleNameProblem,
  validateSignerName,
  validateUserAnnotations,
} from "../signer-name.ts";
import { validateDownwardFiles } from "./downward-api.ts";
import { validateItems, validateMode } from "./file-items.ts";

const minTokenSeconds = 600;
const maxTokenSeconds = 2 ** 32;
const keyTypes: readonly string[] = ["RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"];
const certificatePaths = ["credentialBundlePath", "keyPath", "certificateChainPath"] as const;

/** Checks a projected volume. */
export function validateProjected(projected: ProjectedVolumeSource, path: string): FieldError[] {
  const paths = new Set<string>();
  return [
    ...validateMode(projected.defaultMode, `${path}.defaultMode`),
    ...(projected.sources ?? []).flatMap((source, index) => [
      ...validateProjection(source, `${path}.sources[${index}]`, path),
      ...validatePaths(source, path, paths),
    ]),
  ];
}

function validateProjection(source: VolumeProjection, path: string, volumePath: string): FieldError[] {
  const { secret, configMap, downwardAPI, serviceAccountToken: token, clusterTrustBundle, podCertificate } = source;
  const errors: FieldError[] = [];
  const sources = Object.values(source).filter((item) => item !== undefined).length;
  if (sources > 1) errors.push(forbiddenValue(path, "may not specify more than 1 volume type per source"));
  for (const [kind, item] of Object.entries({ secret, configMap })) {
    if (item === undefined) continue;
    if (!item.name) errors.push(requiredValue(`${path}.${kind}.name`));
    errors.push(...validateItems(item.items, `${path}.${kind}.items`));
  }
  errors.push(...validateDownwardFiles(downwardAPI?.items, `${path}.downwardAPI`));
  if (token !== undefined) errors.push(...validateToken(token, `${path}.serviceAccountToken`, volumePath));
  if (clusterTrustBundle !== undefined)
    errors.push(...validateTrustBundle(clusterTrustBundle, `${path}.clusterTrustBundle`));
  if (podCertificate !== undefined) errors.push(...validatePodCertificate(podCertificate, `${path}.podCertificate`));
  return errors;
}

function validateToken(
  { expirationSeconds: seconds, path: file }: ServiceAccountTokenProjection,
  path: string,
  volumePath: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const at = `${path}.expirationSeconds`;
  if (seconds !== undefined && seconds < minTokenSeconds)
    errors.push(invalidValue(at, seconds, "may not specify a duration less than 10 minutes"));
  if (seconds !== undefined && seconds > maxTokenSeconds)
    errors.push(invalidValue(at, seconds, "may not specify a duration larger than 2^32 seconds"));
  return [...errors, ...(file ? validateFilePath(file, `${volumePath}.path`) : [requiredValue(`${volumePath}.path`)])];
}

/** Two sources must not write the same file. */
function validatePaths(source: VolumeProjection, path: string, seen: Set<string>): FieldError[] {
  const { secret, configMap, downwardAPI, serviceAccountToken: token, clusterTrustBundle, podCertificate } = source;
  const written: readonly (readonly [value: string | undefined, file: string | undefined])[] = [
    ...(secret?.items ?? []).map((item) => [secret?.name, item.path] as const),
    ...(configMap?.items ?? []).map((item) => [configMap?.name, item.path] as const),
    ...(downwardAPI?.items ?? []).map((item) => [item.path, item.path] as const),
    [token?.path, token?.path],
    [clusterTrustBundle?.path, clusterTrustBundle?.path],
    ...certificatePaths.map((field) => [podCertificate?.[field], podCertificate?.[field]] as const),
  ];
  return written.flatMap(([value, file]) => {
    if (!file) return [];
    const isTaken = seen.has(file);
    seen.add(file);
    return isTaken ? [invalidValue(path, value, "conflicting duplicate paths")] : [];
  });
}

function validateTrustBundle(projection: ClusterTrustBundleProjection, at: string): FieldError[] {
  const { name, signerName, labelSelector, path } = projection;
  const errors: FieldError[] = [];
  if (name !== undefined && signerName !== undefined)
    errors.push(invalidValue(at, projection, "only one of name and signerName may be used"));
  else if (name !== undefined) {
    if (name === "") errors.push(requiredValue(`${at}.name`, "must be a valid object name"));
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
  } else errors.push(requiredValue(at, "either name or signerName must be specified"));
  errors.push(...(path ? validateFilePath(path, `${at}.path`) : [requiredValue(`${at}.path`)]));
  return errors;
}

function validatePodCertificate(projection: PodCertificateProjection, at: string): FieldError[] {
  const { signerName = "", keyType = "", maxExpirationSeconds: seconds, userAnnotations } = projection;
  const longest = maxCertificateSeconds(signerName);
  const errors = [
    ...validateSignerName(signerName, `${at}.signerName`),
    ...checkSupported(`${at}.keyType`, keyType, keyTypes),
    ...validateUserAnnotations(userAnnotations, `${at}.userAnnotations`),
  ];
  if (seconds !== undefined && seconds < minCertificateSeconds)
    errors.push(
      invalidValue(
        `${at}.maxExpirationSeconds`,
        seconds,
        `if provided, maxExpirationSeconds must be >= ${minCertificateSeconds}`,
      ),
    );
  if (seconds !== undefined && seconds > longest)
    errors.push(
      invalidValue(`${at}.maxExpirationSeconds`, seconds, `if provided, maxExpirationSeconds must be <= ${longest}`),
    );
  const paths = certificatePaths.filter((field) => projection[field]);
  if (paths.length === 0)
    errors.push(requiredValue(at, "specify at least one of credentialBundlePath, keyPath, and certificateChainPath"));
  for (const field of paths) errors.push(...validateFilePath(projection[field] ?? "", `${at}.${field}`));
  return errors;
}
