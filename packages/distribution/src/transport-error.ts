import { errorCode, isAbort } from "@wherry/base";
import { DistributionError } from "./errors.ts";

const tlsProtocolCodes: ReadonlySet<string> = new Set([
  "EPROTO",
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "ERR_SSL_PACKET_LENGTH_TOO_LONG",
  "ERR_SSL_HTTP_REQUEST",
]);

const certificateCodes: ReadonlySet<string> = new Set([
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_REVOKED",
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "HOSTNAME_MISMATCH",
  "INVALID_CA",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** Turns what a socket, a resolver or TLS threw into a `DistributionError`; aborts pass as they are. */
export function transportError(error: unknown, url: URL): unknown {
  if (error instanceof DistributionError || isAbort(error)) return error;
  const code = errorCode(error) ?? "";
  const registry = url.host;
  const message = error instanceof Error ? error.message || code : String(error);
  if (code === "ENOTFOUND")
    return new DistributionError("RegistryUnknown", `registry "${registry}" is unknown: no such host`, {
      cause: error,
      registry,
    });
  if (certificateCodes.has(code) || code.startsWith("ERR_TLS"))
    return new DistributionError("TlsFailure", `registry "${registry}" is not trusted: ${message} (${code})`, {
      cause: error,
      registry,
    });
  return new DistributionError("RegistryUnreachable", `registry "${registry}" cannot be reached: ${message}`, {
    cause: error,
    registry,
    retryable: true,
  });
}

/** Whether the other side answered a TLS greeting with something else: most likely it speaks plain HTTP. */
export function isNotTls(error: unknown): boolean {
  if (!(error instanceof DistributionError)) return false;
  return tlsProtocolCodes.has(errorCode(error.cause) ?? "");
}
