import { WherryError } from "@wherry/base";
import type { Status } from "@wherry/kubernetes";

const reasonsByStatus: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  406: "NotAcceptable",
  409: "Conflict",
  410: "Gone",
  413: "RequestEntityTooLarge",
  415: "UnsupportedMediaType",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

const retryableStatuses: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

export interface ApiErrorOptions {
  readonly cause?: unknown;
  /** What the server asked callers to wait, milliseconds. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * The API server's refusal of a request, or the error object a watch ended with.
 *
 * `details` is the `Status` object as the server sent it; a body that is no Status is wrapped into one. Match with
 * {@link isNotFound} and its siblings, which also recognise errors of another copy of this package.
 */
export class ApiError extends WherryError {
  /** HTTP status. */
  readonly status: number;
  /** Machine-readable reason, such as `NotFound`. */
  readonly reason: string;
  readonly details: Status;
  readonly retryAfterMs: number | undefined;

  /** @param action what was attempted, such as `get pods "a/b"` */
  constructor(action: string, details: Status, options: ApiErrorOptions = {}) {
    const status = details.code ?? 500;
    const reason = details.reason || reasonsByStatus[status] || "Unknown";
    super("ApiError", `Cannot ${action}: ${details.message || `server answered ${status} ${reason}`}`, {
      cause: options.cause,
      retryable: retryableStatuses.has(status),
    });
    this.status = status;
    this.reason = reason;
    this.details = details;
    this.retryAfterMs = options.retryAfterMs ?? secondsToMs(details.details?.retryAfterSeconds);
  }
}

function secondsToMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}

/**
 * How far a request came: `dial` no connection, `unsent` certainly not processed by the server, `connection` lost on the
 * way (may have been processed), `timeout`, `limit` answer larger than allowed, `protocol` answer not understood, `closed`
 * the client was closed.
 */
export type TransportErrorKind = "dial" | "unsent" | "connection" | "timeout" | "limit" | "protocol" | "closed";

const permanentKinds: ReadonlySet<TransportErrorKind> = new Set(["limit", "protocol", "closed"]);

/** A request that got no usable answer. */
export class TransportError extends WherryError {
  readonly kind: TransportErrorKind;

  constructor(kind: TransportErrorKind, message: string, options: { readonly cause?: unknown } = {}) {
    super("TransportError", message, { ...options, retryable: !permanentKinds.has(kind) });
    this.kind = kind;
  }
}

/** A kubeconfig, service account directory or credential plugin that cannot be used; the message names file and field. */
export class ClientConfigError extends WherryError {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super("ClientConfigError", message, options);
  }
}

/** A call that cannot be expressed as a request, such as a namespaced object without its namespace. */
export class RequestError extends WherryError {
  constructor(message: string) {
    super("RequestError", message);
  }
}

/** Whether `error` is an {@link ApiError}, of this or another copy of the package. */
export function isApiError(error: unknown): error is ApiError {
  return error instanceof Error && "code" in error && error.code === "ApiError" && "status" in error;
}

/** Whether `error` is a {@link TransportError}, of this or another copy of the package. */
export function isTransportError(error: unknown): error is TransportError {
  return error instanceof Error && "code" in error && error.code === "TransportError" && "kind" in error;
}

/** The object or the resource does not exist (404). */
export function isNotFound(error: unknown): boolean {
  return isApiError(error) && error.status === 404;
}

/** An object of that name exists already (409 AlreadyExists). */
export function isAlreadyExists(error: unknown): boolean {
  return isApiError(error) && error.reason === "AlreadyExists";
}

/** The resource version, uid or a field conflicts with the server's state (409, other than AlreadyExists). */
export function isConflict(error: unknown): boolean {
  return isApiError(error) && error.status === 409 && error.reason !== "AlreadyExists";
}

/** The resource version or continue token is no longer served (410 Gone or Expired). */
export function isGone(error: unknown): boolean {
  return isApiError(error) && (error.status === 410 || error.reason === "Expired" || error.reason === "Gone");
}

/** The request lacks valid credentials (401). */
export function isUnauthorized(error: unknown): boolean {
  return isApiError(error) && error.status === 401;
}

/** The credentials do not allow the request (403). */
export function isForbidden(error: unknown): boolean {
  return isApiError(error) && error.status === 403;
}

/** The object does not validate (422). */
export function isInvalid(error: unknown): boolean {
  return isApiError(error) && error.status === 422;
}

/** The server asked to slow down (429). */
export function isTooManyRequests(error: unknown): boolean {
  return isApiError(error) && error.status === 429;
}

/** The server has not yet seen the resource version asked for. */
export function isTooLargeResourceVersion(error: unknown): boolean {
  if (!isApiError(error)) return false;
  const causes = error.details.details?.causes ?? [];
  return (
    causes.some((cause) => cause.reason === "ResourceVersionTooLarge") ||
    (error.status === 504 && /too large resource version/i.test(error.details.message ?? ""))
  );
}

/** Builds the error for an answer of `status` whose body may or may not be a Status object. */
export function apiErrorFrom(action: string, status: number, body: string, retryAfterMs?: number): ApiError {
  return new ApiError(action, statusFrom(status, body), { retryAfterMs });
}

function statusFrom(status: number, body: string): Status {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === "object" && parsed !== null && "kind" in parsed && parsed.kind === "Status")
      return { ...(parsed as Status), code: (parsed as Status).code ?? status };
  } catch {
    // Proxies and aggregated servers answer with plain text.
  }
  const text = body.trim().slice(0, 1024);
  const details: Status = { kind: "Status", apiVersion: "v1", status: "Failure", code: status };
  return text === "" ? details : { ...details, message: `server answered ${status}: ${text}` };
}
