/** A point in time as log lines carry it, with nanoseconds. */
export interface LogTime {
  /** Whole seconds since the epoch. */
  readonly seconds: number;
  readonly nanoseconds: number;
}

const pattern = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9})\d*)?(Z|[+-]\d{2}:\d{2})$/;

/** Reads an RFC 3339 time with any number of fraction digits; undefined for anything else. */
export function parseLogTime(text: string): LogTime | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, dateTime, fraction = "", zone] = match;
  const ms = Date.parse(`${dateTime}${zone}`);
  if (Number.isNaN(ms)) return undefined;
  return { seconds: ms / 1000, nanoseconds: Number(fraction.padEnd(9, "0")) };
}

/** The time `ms` milliseconds after the epoch. */
export function logTimeFromMs(ms: number): LogTime {
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanoseconds: Math.round((ms - seconds * 1000) * 1e6) };
}

/** Whether `a` lies before `b`. */
export function isBefore(a: LogTime, b: LogTime): boolean {
  return a.seconds === b.seconds ? a.nanoseconds < b.nanoseconds : a.seconds < b.seconds;
}
