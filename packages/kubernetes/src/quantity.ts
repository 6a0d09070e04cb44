import { WherryError } from "@wherry/base";

/** How a quantity is written: `Mi` suffixes, `M` suffixes or `e6` exponents. */
export type QuantityFormat = "binarySi" | "decimalSi" | "decimalExponent";

/** An exact amount in billionths, as Kubernetes' resource.Quantity holds it. */
export interface Quantity {
  readonly nano: bigint;
  readonly format: QuantityFormat;
}

const billion = 1_000_000_000n;
const largest = (2n ** 63n - 1n) * billion;
const pattern = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d{1,4})?$/;
const maxLength = 128;

const binaryPowers: Readonly<Record<string, number>> = { Ki: 1, Mi: 2, Gi: 3, Ti: 4, Pi: 5, Ei: 6 };
const decimalExponents: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  "": 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const decimalSuffixes: readonly string[] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const binarySuffixes: readonly string[] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/** A quantity text that does not follow the grammar of resource.Quantity; the message is the one API servers give. */
export class QuantityError extends WherryError {
  constructor(message: string) {
    super("INVALID_QUANTITY", message);
  }
}

/**
 * Reads a quantity such as `500m`, `1.5Gi` or `1e3`.
 *
 * Fractions finer than a billionth are rounded away from zero and amounts beyond 2^63-1 are capped, as upstream does.
 * Throws QuantityError.
 */
export function parseQuantity(text: string): Quantity {
  const quantity = tryParseQuantity(text);
  if (quantity === undefined) throw new QuantityError(quantityGrammarMessage);
  return quantity;
}

/** The message API servers answer for a text outside the grammar. */
export const quantityGrammarMessage =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** As parseQuantity(), but undefined for a text that is not a quantity. */
export function tryParseQuantity(text: string): Quantity | undefined {
  const match = text.length <= maxLength ? pattern.exec(text) : null;
  if (match === null) return undefined;
  const [, sign, digits = "", suffix = ""] = match;
  const [whole = "", fraction = ""] = digits.split(".");
  let numerator = BigInt(whole + fraction) * billion;
  let denominator = 10n ** BigInt(fraction.length);
  let format: QuantityFormat = "decimalSi";
  const power = binaryPowers[suffix];
  if (power !== undefined) {
    format = "binarySi";
    numerator *= 1024n ** BigInt(power);
  } else {
    const exponent = decimalExponents[suffix] ?? Number(suffix.slice(1));
    if (decimalExponents[suffix] === undefined) format = "decimalExponent";
    if (exponent >= 0) numerator *= 10n ** BigInt(exponent);
    else denominator *= 10n ** BigInt(-exponent);
  }
  const amount = (numerator + denominator - 1n) / denominator;
  const capped = amount > largest ? largest : amount;
  return { nano: sign === "-" ? -capped : capped, format };
}

/** The canonical text: no fraction, the largest suffix that loses nothing. */
export function formatQuantity(quantity: Quantity): string {
  const { nano } = quantity;
  if (nano === 0n) return "0";
  const sign = nano < 0n ? "-" : "";
  const amount = nano < 0n ? -nano : nano;
  if (quantity.format === "binarySi" && amount >= 1024n * billion) {
    return sign + scaled((amount + billion - 1n) / billion, 1024n, binarySuffixes, 0);
  }
  if (quantity.format !== "decimalExponent") return sign + scaled(amount, 1000n, decimalSuffixes, 0);
  const exponents = decimalSuffixes.map((_, index) => (index === 3 ? "" : `e${(index - 3) * 3}`));
  return sign + scaled(amount, 1000n, exponents, 0);
}

function scaled(amount: bigint, base: bigint, suffixes: readonly string[], from: number): string {
  let rest = amount;
  let index = from;
  while (index < suffixes.length - 1 && rest % base === 0n) {
    rest /= base;
    index++;
  }
  return `${rest}${suffixes[index]}`;
}

/** `text` in canonical form, as an API server stores it; throws QuantityError. */
export function canonicalQuantity(text: string): string {
  return formatQuantity(parseQuantity(text));
}

/** The amount rounded up to a whole number, as `Quantity.Value()`. */
export function quantityValue(quantity: Quantity): number {
  return Number(divideUp(quantity.nano, billion));
}

/** The amount in thousandths rounded up, as `Quantity.MilliValue()`. */
export function quantityMilliValue(quantity: Quantity): number {
  return Number(divideUp(quantity.nano, 1_000_000n));
}

/** Negative, zero or positive as `left` is less than, equal to or more than `right`. */
export function compareQuantities(left: Quantity, right: Quantity): number {
  if (left.nano === right.nano) return 0;
  return left.nano < right.nano ? -1 : 1;
}

/** The sum, in the format of `left` unless that is zero. */
export function addQuantities(left: Quantity, right: Quantity): Quantity {
  return { nano: left.nano + right.nano, format: left.nano === 0n ? right.format : left.format };
}

function divideUp(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  if (value % by === 0n) return quotient;
  return value > 0n ? quotient + 1n : quotient - 1n;
}
