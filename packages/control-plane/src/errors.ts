import { WherryError, type WherryErrorOptions } from "@wherry/base";
import type { Status, StatusCause, StatusDetails } from "@wherry/kubernetes";

export type ControlPlaneErrorCode =
  | "ADDRESS_IN_USE"
  | "STATE_DIRECTORY_UNUSABLE"
  | "STATE_DIRECTORY_IN_USE"
  | "STATE_CORRUPT"
  | "NOT_STARTED"
  | "INVALID_NODE_NAME";

/** The control plane cannot start or go on; `code` says why. */
export class ControlPlaneError extends WherryError {
  constructor(code: ControlPlaneErrorCode, message: string, options?: WherryErrorOptions) {
    super(code, message, options);
  }
}

interface ApiErrorOptions extends WherryErrorOptions {
  readonly details?: StatusDetails | undefined;
  /** Added to the `metadata` of the Status, such as a continue token. */
  readonly metadata?: Status["metadata"];
}

/** A refusal of an API request in the form of a `metav1.Status`; thrown by every verb, answered by the HTTP layer. */
export class ApiError extends WherryError {
  readonly httpCode: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  readonly #metadata: Status["metadata"];

  constructor(httpCode: number, reason: string, message: string, options: ApiErrorOptions = {}) {
    super(`API_${reason.toUpperCase()}`, message, options);
    this.httpCode = httpCode;
    this.reason = reason;
    this.details = options.details;
    this.#metadata = options.metadata;
  }

  /** The body of the answer. */
  toStatus(): Status {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: this.#metadata ?? {},
      status: "Failure",
      message: this.message,
      ...(this.reason === "" ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.httpCode,
    };
  }
}

/** What errors need to know of a resource to name it. */
export interface ResourceName {
  readonly group: string;
  readonly resource: string;
}

function detailsOf({ group, resource }: ResourceName, name: string): StatusDetails {
  return { name, ...(group === "" ? {} : { group }), kind: resource };
}

/** `pods` or `deployments.apps`. */
export function qualifiedResource({ group, resource }: ResourceName): string {
  return group === "" ? resource : `${resource}.${group}`;
}

export function notFound(resource: ResourceName, name: string): ApiError {
  return new ApiError(404, "NotFound", `${qualifiedResource(resource)} "${name}" not found`, {
    details: detailsOf(resource, name),
  });
}

export function alreadyExists(resource: ResourceName, name: string): ApiError {
  return new ApiError(409, "AlreadyExists", `${qualifiedResource(resource)} "${name}" already exists`, {
    details: detailsOf(resource, name),
  });
}

export const staleObjectMessage =
  "the object has been modified; please apply your changes to the latest version and try again";

export function conflict(resource: ResourceName, name: string, message: string = staleObjectMessage): ApiError {
  return new ApiError(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${qualifiedResource(resource)} "${name}": ${message}`,
    { details: detailsOf(resource, name) },
  );
}

export function forbidden(resource: ResourceName, name: string, message: string): ApiError {
  const subject = name === "" ? qualifiedResource(resource) : `${qualifiedResource(resource)} "${name}"`;
  return new ApiError(403, "Forbidden", `${subject} is forbidden: ${message}`, { details: detailsOf(resource, name) });
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, "BadRequest", message);
}

/** A 422 answer listing what is wrong with which field. */
export function invalid(kind: { group: string; kind: string }, name: string, causes: readonly StatusCause[]): ApiError {
  const texts = [...new Set(causes.map((cause) => `${cause.field}: ${cause.message}`))];
  const text = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  const qualified = kind.group === "" ? kind.kind : `${kind.kind}.${kind.group}`;
  return new ApiError(422, "Invalid", `${qualified} "${name}" is invalid: ${text}`, {
    details: { name, ...(kind.group === "" ? {} : { group: kind.group }), kind: kind.kind, causes: [...causes] },
  });
}

/** 410: the revision asked for is older than what history holds. */
export function expired(message: string, continueToken?: string): ApiError {
  return new ApiError(410, "Expired", message, {
    ...(continueToken === undefined ? {} : { metadata: { continue: continueToken } }),
  });
}

/** 504: the revision asked for has not been written yet. */
export function tooLargeResourceVersion(wanted: number, current: number): ApiError {
  return new ApiError(504, "Timeout", `Timeout: Too large resource version: ${wanted}, current: ${current}`, {
    retryable: true,
    details: {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
      retryAfterSeconds: 1,
    },
  });
}

export function methodNotAllowed(resource: ResourceName, action: string): ApiError {
  return new ApiError(
    405,
    "MethodNotAllowed",
    `${action} is not supported on resources of kind "${qualifiedResource(resource)}"`,
    { details: { ...(resource.group === "" ? {} : { group: resource.group }), kind: resource.resource } },
  );
}

export function unsupportedMediaType(found: string, supported: readonly string[]): ApiError {
  return new ApiError(
    415,
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${supported.join(", ")} (met "${found}")`,
  );
}

export function tooManyRequests(message: string, retryAfterSeconds: number): ApiError {
  return new ApiError(429, "TooManyRequests", message, { retryable: true, details: { retryAfterSeconds } });
}

export function internalError(message: string, cause?: unknown): ApiError {
  return new ApiError(500, "InternalError", `Internal error occurred: ${message}`, {
    cause,
    details: { causes: [{ message }] },
  });
}
