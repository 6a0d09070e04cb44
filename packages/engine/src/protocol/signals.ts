/** Signal numbers of Linux whose default action is to be ignored: CHLD, CONT, URG, WINCH. */
const ignoredSignals: ReadonlySet<number> = new Set([17, 18, 23, 28]);

/** Signal numbers whose default action is to stop the process: STOP, TSTP, TTIN, TTOU. */
const stoppingSignals: ReadonlySet<number> = new Set([19, 20, 21, 22]);

/** Largest signal number of Linux. */
const maxSignal = 64;

/** What a signal does to a guest that cannot handle any, which is every WASI guest: the default action of signal(7). */
export function defaultAction(signal: number): "probe" | "ignore" | "stop" | "terminate" | "invalid" {
  if (!Number.isInteger(signal) || signal < 0 || signal > maxSignal) return "invalid";
  if (signal === 0) return "probe";
  if (ignoredSignals.has(signal)) return "ignore";
  return stoppingSignals.has(signal) ? "stop" : "terminate";
}
