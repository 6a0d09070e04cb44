import type { IncomingHttpHeaders } from "node:http";

import type { Clock } from "@wherry/base";

const maxRetryAfterMs = 5 * 60_000;

/** The wait a Retry-After header asks for (RFC 9110 section 10.2.3: seconds or a date), at most five minutes. */
export function retryAfterMs(headers: IncomingHttpHeaders, clock: Clock): number | undefined {
  const value = headers["retry-after"];
  if (value === undefined) return undefined;
  const delayMs = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - clock.now();
  if (Number.isNaN(delayMs)) return undefined;
  return Math.min(Math.max(0, delayMs), maxRetryAfterMs);
}
