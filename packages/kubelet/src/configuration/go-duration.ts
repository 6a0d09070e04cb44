const unitsMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};
const part = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;
// Go holds nanoseconds in 64 bits.
const maxMs = 2 ** 63 / 1e6;

/** Milliseconds of a duration as Go writes it, e.g. `1h30m`, `10s`, `0`; undefined for other text. */
export function tryParseGoDuration(text: string): number | undefined {
  const negative = text.startsWith("-");
  const digits = text.replace(/^[-+]/, "");
  if (digits === "0") return 0;
  let totalMs = 0;
  part.lastIndex = 0;
  while (part.lastIndex < digits.length) {
    const match = part.exec(digits);
    if (match === null) return undefined;
    totalMs += Number(match[1]) * (unitsMs[match[2] ?? ""] ?? 0);
  }
  if (digits === "" || totalMs > maxMs) return undefined;
  return negative ? -totalMs : totalMs;
}
