/** Status codes of gRPC and ttRPC by name; the numbers travel on the wire. */
export const statusCodes = {
  OK: 0,
  Canceled: 1,
  Unknown: 2,
  InvalidArgument: 3,
  DeadlineExceeded: 4,
  NotFound: 5,
  AlreadyExists: 6,
  PermissionDenied: 7,
  ResourceExhausted: 8,
  FailedPrecondition: 9,
  Aborted: 10,
  OutOfRange: 11,
  Unimplemented: 12,
  Internal: 13,
  Unavailable: 14,
  DataLoss: 15,
  Unauthenticated: 16,
} as const;

/** A status other than success. */
export type StatusCode = Exclude<keyof typeof statusCodes, "OK">;

/** The name of a status number; numbers that no version of gRPC defines become `Unknown`, as its clients do. */
export function statusCodeName(value: number): StatusCode | "OK" {
  for (const [name, number] of Object.entries(statusCodes)) {
    if (number === value) return name as StatusCode | "OK";
  }
  return "Unknown";
}
