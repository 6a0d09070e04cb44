/**
 * Timestamps of log entries: RFC 3339 in UTC with nine digits, so that they sort as text.
 *
 * The milliseconds are the wall clock's and follow its corrections; the digits below count on from the moment the millisecond
 * was first seen.
 */
export class LogClock {
  readonly #wall: () => number;
  readonly #monotonic: () => bigint;
  #lastMs = -1;
  #prefix = "";
  #sinceNs = 0n;

  constructor(wall: () => number = Date.now, monotonic: () => bigint = process.hrtime.bigint) {
    this.#wall = wall;
    this.#monotonic = monotonic;
  }

  timestamp(): string {
    const nowMs = Math.floor(this.#wall());
    const nowNs = this.#monotonic();
    if (nowMs !== this.#lastMs) {
      this.#lastMs = nowMs;
      this.#sinceNs = nowNs;
      this.#prefix = new Date(nowMs).toISOString().slice(0, -1);
    }
    const fraction = nowNs - this.#sinceNs;
    const digits = fraction > 999_999n ? "999999" : fraction.toString().padStart(6, "0");
    return `${this.#prefix}${digits}Z`;
  }
}
