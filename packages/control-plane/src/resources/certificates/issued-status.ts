import { type KeyObject, X509Certificate } from "node:crypto";
import {
  type FieldError,
  invalidValue,
  type PodCertificateRequestSpec,
  type PodCertificateRequestStatus,
  requiredValue,
} from "@wherry/kubernetes";
import { readCertificateRequest } from "../../validation/certificate-request.ts";

const chainPath = "status.certificateChain";
const pemBlock = /-----BEGIN CERTIFICATE-----(?:(?!-----)[\s\S])*-----END CERTIFICATE-----/g;
const minuteMs = 60_000;

/** Checks what a signer issued against the request, except that it begins about now. */
export function validateIssued(spec: PodCertificateRequestSpec, status: PodCertificateRequestStatus): FieldError[] {
  const refuse = (detail: string): FieldError[] => [invalidValue(chainPath, "<value omitted>", detail)];
  let chain: X509Certificate[];
  try {
    chain = (status.certificateChain ?? "").match(pemBlock)?.map((block) => new X509Certificate(block)) ?? [];
  } catch {
    return refuse("every certificate of the chain must parse as X.509");
  }
  const [leaf] = chain;
  if (leaf === undefined) return refuse("issued certificate chain must contain at least one certificate");
  const request = readCertificateRequest(Buffer.from(spec.stubPKCS10Request, "base64"));
  if ("problem" in request || !isSameKey(leaf.publicKey, request.publicKey))
    return refuse("leaf certificate was not issued to the requested public key");
  return validateTimes(spec, status, leaf);
}

function isSameKey(left: KeyObject, right: KeyObject): boolean {
  // Not `equals`: of keys of two types it leaves an error in OpenSSL's queue, at which the next TLS connection fails.
  const [first, second] = [left, right].map((key) => key.export({ type: "spki", format: "der" }));
  return first !== undefined && second !== undefined && first.equals(second);
}

function validateTimes(
  { maxExpirationSeconds = 0 }: PodCertificateRequestSpec,
  status: PodCertificateRequestStatus,
  leaf: X509Certificate,
): FieldError[] {
  const missing = (["notBefore", "notAfter", "beginRefreshAt"] as const).filter((field) => !status[field]);
  if (missing.length > 0) return missing.map((field) => requiredValue(`status.${field}`, "must be present"));
  const [begins, ends] = [leaf.validFromDate.getTime(), leaf.validToDate.getTime()];
  const wrong = (field: keyof PodCertificateRequestStatus, detail: string): FieldError[] => [
    invalidValue(`status.${field}`, status[field], detail),
  ];
  if (Date.parse(status.notBefore ?? "") !== begins)
    return wrong("notBefore", "must be set to the NotBefore time encoded in the leaf certificate");
  if (Date.parse(status.notAfter ?? "") !== ends)
    return wrong("notAfter", "must be set to the NotAfter time encoded in the leaf certificate");
  const lifetimeMs = ends - begins;
  if (lifetimeMs < 60 * minuteMs)
    return [invalidValue(chainPath, "<value omitted>", "leaf certificate lifetime must be >= 1 hour")];
  if (lifetimeMs > maxExpirationSeconds * 1000)
    return [
      invalidValue(
        chainPath,
        "<value omitted>",
        `leaf certificate lifetime must be <= spec.maxExpirationSeconds (${maxExpirationSeconds})`,
      ),
    ];
  const refreshAt = Date.parse(status.beginRefreshAt ?? "");
  if (refreshAt < begins + 10 * minuteMs)
    return wrong("beginRefreshAt", "must be at least 10 minutes after status.notBefore");
  if (refreshAt > ends - 10 * minuteMs)
    return wrong("beginRefreshAt", "must be at least 10 minutes before status.notAfter");
  return [];
}
