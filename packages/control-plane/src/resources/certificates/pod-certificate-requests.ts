import {
  dnsSubdomainProblem,
  type FieldError,
  invalidValue,
  jsonEquals,
  maxCertificateSeconds,
  minCertificateSeconds,
  type PodCertificateRequest,
  type PodCertificateRequestSpec,
  requiredValue,
  tooLongValue,
  unsupportedValue,
  validateSignerName,
  validateUserAnnotations,
} from "@wherry/kubernetes";
import { readCertificateRequest } from "../../validation/certificate-request.ts";
import { defineResource, type ResourceDefinition } from "../resource-definition.ts";
import { validateIssued } from "./issued-status.ts";

const defaultExpirationSeconds = 86_400;
const maxUidLength = 128;
const emptySpec: PodCertificateRequestSpec = {
  signerName: "",
  podName: "",
  podUID: "",
  serviceAccountName: "",
  serviceAccountUID: "",
  nodeName: "",
  nodeUID: "",
  stubPKCS10Request: "",
};
const verdicts: readonly string[] = ["Denied", "Failed", "Issued"];

function validate({ spec }: PodCertificateRequest): FieldError[] {
  const longest = maxCertificateSeconds(spec.signerName);
  const seconds = spec.maxExpirationSeconds ?? defaultExpirationSeconds;
  const errors = [
    ...validateSignerName(spec.signerName, "spec.signerName"),
    ...validateUserAnnotations(spec.unverifiedUserAnnotations, "spec.unverifiedUserAnnotations"),
  ];
  for (const field of ["podName", "serviceAccountName", "nodeName"] as const) {
    const problem = dnsSubdomainProblem(spec[field]);
    if (problem !== undefined) errors.push(invalidValue(`spec.${field}`, spec[field], problem));
  }
  for (const field of ["podUID", "serviceAccountUID", "nodeUID"] as const) {
    if (spec[field] === "") errors.push(invalidValue(`spec.${field}`, "", "must not be empty"));
    if (spec[field].length > maxUidLength) errors.push(tooLongValue(`spec.${field}`, maxUidLength));
  }
  if (seconds < minCertificateSeconds || seconds > longest)
    errors.push(
      invalidValue("spec.maxExpirationSeconds", seconds, `must be in the range [${minCertificateSeconds}, ${longest}]`),
    );
  return errors.length > 0 ? errors : validateStub(spec);
}

/** Upstream takes a bare key with a proof of possession too, which is deprecated; here only the request. */
function validateStub(spec: PodCertificateRequestSpec): FieldError[] {
  const omitted = "<value omitted>";
  if (!spec.stubPKCS10Request || spec.pkixPublicKey || spec.proofOfPossession)
    return [
      invalidValue("spec", omitted, "stubPKCS10Request must be set, pkixPublicKey and proofOfPossession must not"),
    ];
  const read = readCertificateRequest(Buffer.from(spec.stubPKCS10Request, "base64"));
  return "problem" in read ? [invalidValue("spec.stubPKCS10Request", omitted, read.problem)] : [];
}

function validateStatus({ spec, status }: PodCertificateRequest, old: PodCertificateRequest): FieldError[] {
  const conditions = status?.conditions ?? [];
  const errors: FieldError[] = [];
  for (const [index, condition] of conditions.entries()) {
    const at = `status.conditions[${index}]`;
    if (!verdicts.includes(condition.type)) errors.push(unsupportedValue(`${at}.type`, condition.type, verdicts));
    else if (index > 0)
      errors.push(
        invalidValue(
          `${at}.type`,
          condition.type,
          'There may be at most one condition with type "Issued", "Denied", or "Failed"',
        ),
      );
    if (condition.status !== "True") errors.push(unsupportedValue(`${at}.status`, condition.status, ["True"]));
    if (!condition.lastTransitionTime) errors.push(requiredValue(`${at}.lastTransitionTime`));
    if (!condition.reason) errors.push(requiredValue(`${at}.reason`));
  }
  if (errors.length > 0) return errors;
  const refuse = (detail: string): FieldError[] => [invalidValue("status", "<value omitted>", detail)];
  if (jsonEquals(status ?? {}, old.status ?? {})) return [];
  if ((old.status?.conditions ?? []).length > 0)
    return refuse("immutable after PodCertificateRequest is issued, denied, or failed");
  const [condition] = conditions;
  if (condition === undefined)
    return refuse('status is immutable unless transitioning to "Issued", "Denied", or "Failed"');
  if (condition.type === "Issued") return validateIssued(spec, status ?? {});
  return jsonEquals(status, { conditions })
    ? []
    : refuse("non-condition status fields must be empty when denying or failing the PodCertificateRequest");
}

/** KEP-4317. Kubernetes 1.36 has this API off by default; here it is always on. */
export const podCertificateRequests: ResourceDefinition = defineResource<PodCertificateRequest>({
  group: "certificates.k8s.io",
  version: "v1beta1",
  resource: "podcertificaterequests",
  singular: "podcertificaterequest",
  kind: "PodCertificateRequest",
  namespaced: true,
  schema: "certificates/v1beta1.PodCertificateRequest",
  subresources: [
    {
      name: "status",
      kind: "PodCertificateRequest",
      verbs: ["get", "patch", "update"],
      handling: { kind: "status" },
    },
  ],
  strategy: {
    setDefaults(request) {
      // Any object may be sent: what is missing is empty, as Go reads it, and refused as that.
      request.spec = { ...emptySpec, maxExpirationSeconds: defaultExpirationSeconds, ...request.spec };
    },
    prepareForCreate(request) {
      delete request.status;
    },
    validate,
    validateUpdate: ({ spec }, old) =>
      jsonEquals(spec, old.spec) ? [] : [invalidValue("spec", "<value omitted>", "field is immutable")],
    validateStatusUpdate: validateStatus,
    // Asked of an empty object too, for the names.
    selectableFields: ({ spec }) => ({
      "spec.signerName": spec?.signerName ?? "",
      "spec.podName": spec?.podName ?? "",
      "spec.nodeName": spec?.nodeName ?? "",
    }),
    allowUnconditionalUpdate: false,
  },
  printer: {
    columns: [
      { name: "PodName", description: "The pod that the certificate is for." },
      { name: "ServiceAccountName", description: "The service account of the pod." },
      { name: "NodeName", description: "The node of the pod." },
      { name: "SignerName", description: "The signer that is asked." },
      { name: "State", description: "Pending, Issued, Denied or Failed." },
      { name: "UnverifiedUserAnnotations", description: "What the pod's author tells the signer." },
    ],
    cells: ({ spec, status }) => [
      spec.podName,
      spec.serviceAccountName,
      spec.nodeName,
      spec.signerName,
      status?.conditions?.[0]?.type ?? "Pending",
      Object.entries(spec.unverifiedUserAnnotations ?? {})
        .map((entry) => entry.join("="))
        .join(",") || "<none>",
    ],
  },
});
