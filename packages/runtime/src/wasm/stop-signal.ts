import { constants } from "node:os";

const realTime = { MIN: 34, MAX: 64 } as const;

/**
 * The number of a stop signal as a pod or an image names it: `SIGUSR1`, `USR1`, `10`, `SIGRTMIN+3`; SIGTERM for what is none.
 *
 * @see https://github.com/opencontainers/image-spec/blob/main/config.md
 */
export function stopSignalNumber(name: string): number {
  const signals: Readonly<Record<string, number>> = constants.signals;
  const short = name.toUpperCase().replace(/^SIG/, "");
  const number = realTimeNumber(short) ?? (/^\d+$/.test(short) ? Number(short) : signals[`SIG${short}`]);
  return number !== undefined && number > 0 && number <= realTime.MAX ? number : constants.signals.SIGTERM;
}

function realTimeNumber(name: string): number | undefined {
  const [, bound, offset = "0"] = /^RT(MIN|MAX)([+-]\d+)?$/.exec(name) ?? [];
  return bound === "MIN" || bound === "MAX" ? realTime[bound] + Number(offset) : undefined;
}
