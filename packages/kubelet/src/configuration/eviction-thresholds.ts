import { quantityValue, tryParseQuantity } from "@wherry/kubernetes";
import type { Threshold } from "../node/node-resources.ts";
import type { ReportProblem } from "./errors.ts";

const evictionSignals: ReadonlySet<string> = new Set([
  "memory.available",
  "nodefs.available",
  "nodefs.inodesFree",
  "imagefs.available",
  "imagefs.inodesFree",
  "containerfs.available",
  "containerfs.inodesFree",
  "pid.available",
]);

/** Eviction thresholds by signal: quantities or percentages. */
export function parseThresholds(
  given: Readonly<Record<string, string>>,
  path: string,
  problem: ReportProblem,
): Record<string, Threshold> {
  const result: Record<string, Threshold> = {};
  for (const [signal, value] of Object.entries(given)) {
    const threshold = parseThreshold(value);
    if (!evictionSignals.has(signal))
      problem(`${path}.${signal}`, `is not a known signal; known are ${[...evictionSignals].join(", ")}`);
    else if (threshold === undefined)
      problem(
        `${path}.${signal}`,
        `is "${value}", it must be a quantity such as "100Mi" or a percentage such as "10%"`,
      );
    else result[signal] = threshold;
  }
  return result;
}

function parseThreshold(value: string): Threshold | undefined {
  const percentage = /^(\d+(?:\.\d+)?)%$/.exec(value);
  if (percentage !== null) {
    const fraction = Number(percentage[1]) / 100;
    return fraction <= 1 ? { kind: "fraction", fraction } : undefined;
  }
  const quantity = tryParseQuantity(value);
  return quantity === undefined || quantity.nano < 0n ? undefined : { kind: "bytes", bytes: quantityValue(quantity) };
}
