import { dnsLabelProblem, dnsSubdomainProblem } from "../selectors/label-syntax.ts";
import { type FieldError, invalidValue, requiredValue } from "./field-error.ts";
import { validateAnnotations } from "./metadata.ts";

/** Shortest lifetime that may be asked of a signer. */
export const minCertificateSeconds = 3600;

/** Longest lifetime that may be asked of a signer: those of Kubernetes itself issue for a day at most. */
export function maxCertificateSeconds(signerName: string): number {
  const domain = signerName.split("/")[0] ?? "";
  return domain === "kubernetes.io" || domain.endsWith(".kubernetes.io") ? 86_400 : 91 * 86_400;
}

/** Checks the name of a signer, such as `example.com/signer`, as upstream's ValidateSignerName does. */
export function validateSignerName(name: string, path: string): FieldError[] {
  if (name === "") return [requiredValue(path)];
  const [domain = "", signer, ...more] = name.split("/");
  if (signer === undefined || more.length > 0)
    return [
      invalidValue(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'"),
    ];
  const labels = domain.split(".");
  if (labels.length < 2)
    return [invalidValue(path, domain, "should be a domain with at least two segments separated by dots")];
  return [
    ...firstProblem(labels, dnsLabelProblem, domain, path),
    ...firstProblem(signer.split("."), dnsSubdomainProblem, signer, path),
  ];
}

function firstProblem(
  labels: readonly string[],
  problemOf: (label: string) => string | undefined,
  value: string,
  path: string,
): FieldError[] {
  for (const label of labels) {
    const problem = problemOf(label);
    if (problem !== undefined)
      return [invalidValue(path, value, `validating label ${JSON.stringify(label)}: ${problem}`)];
  }
  return [];
}

/** What is wrong with the name of a ClusterTrustBundle, which begins with that of its signer, if it has one. */
export function trustBundleNameProblem(name: string, signerName: string | undefined): string | undefined {
  if (!signerName) {
    if (name.includes(":")) return 'ClusterTrustBundle without signer name must not have ":" in its name';
    return dnsSubdomainProblem(name);
  }
  const prefix = `${signerName.replaceAll("/", ":")}:`;
  if (!name.startsWith(prefix))
    return `ClusterTrustBundle for signerName ${signerName} must be named with prefix ${prefix}`;
  return dnsSubdomainProblem(name.slice(prefix.length));
}

/** Checks what a pod's author tells a signer: annotations whose keys all have a domain. */
export function validateUserAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  path: string,
): FieldError[] {
  const bare = Object.keys(annotations ?? {}).filter((key) => !key.includes("/"));
  return [
    ...validateAnnotations(annotations, path),
    ...bare.map((key) => invalidValue(path, key, 'must be a domain-prefixed key (such as "acme.io/foo")')),
  ];
}
