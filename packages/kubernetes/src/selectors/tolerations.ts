import type { Taint, Toleration } from "../api/index.ts";

/** Whether one toleration tolerates `taint`, by the rules of core/v1 Toleration. */
export function toleratesTaint(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  switch (toleration.operator ?? "Equal") {
    case "":
    case "Equal":
      return (toleration.value ?? "") === (taint.value ?? "");
    case "Exists":
      return true;
    case "Lt":
    case "Gt":
      return comparesTo(toleration, taint);
    default:
      return false;
  }
}

function comparesTo(toleration: Toleration, taint: Taint): boolean {
  if (!isInteger(toleration.value) || !isInteger(taint.value)) return false;
  const difference = BigInt(taint.value) - BigInt(toleration.value);
  return toleration.operator === "Lt" ? difference < 0n : difference > 0n;
}

function isInteger(value: string | undefined): value is string {
  return value !== undefined && /^(0|-?[1-9]\d*)$/.test(value);
}

/** The first taint with one of `effects` that no toleration tolerates, or undefined. */
export function findUntoleratedTaint(
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  effects: readonly string[],
): Taint | undefined {
  return taints?.find(
    (taint) =>
      effects.includes(taint.effect) && !(tolerations ?? []).some((toleration) => toleratesTaint(toleration, taint)),
  );
}
