import { STATUS_CODES } from "node:http";
import { DistributionError, type DistributionErrorCode } from "./errors.ts";
import { type HttpResponse, readBounded } from "./http-transport.ts";
import { retryAfterMs } from "./retry.ts";

const maxErrorBytes = 64 * 1024;
const maxDetailLength = 300;

/** The failure a response of an unexpected status stands for. Reads and closes its body. */
export async function answerError(response: HttpResponse, registry: string, nowMs: number): Promise<DistributionError> {
  const { code: registryCode, text } = await readDetail(response);
  const { status } = response;
  const detail = text === "" ? "" : `: ${text}`;
  const reason = STATUS_CODES[status];
  const answered = `registry "${registry}" answered ${status}${reason === undefined ? "" : ` ${reason}`}`;
  return new DistributionError(errorCodeFor(status, registryCode), `${answered}${detail}`, {
    registry,
    status,
    retryable: status === 408 || status === 429 || status >= 500,
    retryAfterMs: retryAfterMs(response.headers["retry-after"], nowMs),
  });
}

function errorCodeFor(status: number, registryCode: string): DistributionErrorCode {
  if (status === 401) return "Unauthorized";
  if (status === 403) return "Forbidden";
  if (status === 429) return "TooManyRequests";
  if (status >= 500 || status === 408) return "RegistryFailure";
  if (status === 413) return "TooLarge";
  if (status !== 404) return "Refused";
  if (registryCode === "MANIFEST_UNKNOWN") return "ManifestUnknown";
  return registryCode === "BLOB_UNKNOWN" ? "BlobUnknown" : "NotFound";
}

/** Code and text of the error document (OCI distribution specification, "Error Codes"), safe to print. */
async function readDetail(response: HttpResponse): Promise<{ code: string; text: string }> {
  try {
    const body = await readBounded(response, maxErrorBytes, "An error");
    const document: unknown = JSON.parse(body.toString("utf8"));
    const errors = (document as { errors?: unknown } | null)?.errors;
    if (!Array.isArray(errors)) return { code: "", text: "" };
    const known = errors.map((entry: unknown) => {
      const { code, message } = (entry ?? {}) as { code?: unknown; message?: unknown };
      return { code: typeof code === "string" ? code : "", message: typeof message === "string" ? message : "" };
    });
    const text = known.map(({ code, message }) => [code, message].filter(Boolean).join(": ")).join("; ");
    return { code: known[0]?.code ?? "", text: printable(text).slice(0, maxDetailLength) };
  } catch {
    response.body.destroy();
    return { code: "", text: "" };
  }
}

/** Text of a stranger without control characters. */
function printable(text: string): string {
  return text.replace(/\p{C}+/gu, " ").trim();
}
