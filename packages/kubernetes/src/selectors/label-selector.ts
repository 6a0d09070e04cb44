import { WherryError } from "@wherry/base";
import type { LabelSelector as LabelSelectorObject } from "../api/index.ts";
import { labelKeyProblem, labelValueProblem } from "./label-syntax.ts";

/** A selector text or object that cannot be understood. */
export class SelectorError extends WherryError {
  constructor(message: string) {
    super("INVALID_SELECTOR", message);
  }
}

export type LabelOperator = "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt";

export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
}

/** Requirements on labels, all of which must hold; an empty list selects everything. */
export type LabelSelector = readonly LabelRequirement[];

type Labels = Readonly<Record<string, string>> | undefined;

/** Whether an object with `labels` is selected. */
export function matchesLabels(selector: LabelSelector, labels: Labels): boolean {
  return selector.every((requirement) => matchesRequirement(requirement, labels));
}

function matchesRequirement({ key, operator, values }: LabelRequirement, labels: Labels): boolean {
  const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default: {
      if (value === undefined || !/^[+-]?\d+$/.test(value)) return false;
      const difference = BigInt(value) - BigInt(values[0] ?? "0");
      return operator === "Gt" ? difference > 0n : difference < 0n;
    }
  }
}

/** The selector of a `metav1.LabelSelector`; undefined selects nothing, as upstream treats a nil pointer. Throws SelectorError. */
export function labelSelectorOf(selector: LabelSelectorObject | undefined): LabelSelector | undefined {
  if (selector === undefined) return undefined;
  const requirements: LabelRequirement[] = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({
    key,
    operator: "In",
    values: [value],
  }));
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    if (operator !== "In" && operator !== "NotIn" && operator !== "Exists" && operator !== "DoesNotExist") {
      throw new SelectorError(`"${operator}" is not a valid label selector operator`);
    }
    requirements.push({ key, operator, values });
  }
  return requirements;
}

/** Reads the text of `labelSelector` parameters, such as `app=web,tier in (a,b),!old`. Throws SelectorError. */
export function parseLabelSelector(text: string): LabelSelector {
  const tokens = tokenize(text);
  const requirements: LabelRequirement[] = [];
  let position = 0;
  const peek = (): string | undefined => tokens[position];
  const take = (): string | undefined => tokens[position++];
  while (peek() !== undefined) {
    try {
      requirements.push(parseRequirement(peek, take));
    } catch (error) {
      if (!(error instanceof SelectorError)) throw error;
      throw new SelectorError(`unable to parse requirement: ${error.message}`);
    }
    const separator = take();
    if (separator === undefined) break;
    if (separator !== ",") throw new SelectorError(`found '${separator}', expected: ',' or 'end of string'`);
    if (peek() === undefined) throw new SelectorError("found '', expected: identifier after ','");
  }
  return requirements;
}

function parseRequirement(peek: () => string | undefined, take: () => string | undefined): LabelRequirement {
  const negated = peek() === "!";
  if (negated) take();
  const key = identifier(take());
  checkKey(key);
  const next = peek();
  if (negated) return { key, operator: "DoesNotExist", values: [] };
  if (next === undefined || next === ",") return { key, operator: "Exists", values: [] };
  take();
  switch (next) {
    case "in":
    case "notin":
      return { key, operator: next === "in" ? "In" : "NotIn", values: parseValues(peek, take) };
    case "=":
    case "==":
    case "!=":
      return { key, operator: next === "!=" ? "NotIn" : "In", values: [exactValue(peek, take)] };
    case ">":
    case "<": {
      const value = exactValue(peek, take);
      if (!/^[+-]?\d+$/.test(value)) {
        throw new SelectorError(
          `values[0][${key}]: Invalid value: "${value}": for 'Gt', 'Lt' operators, the value must be an integer`,
        );
      }
      return { key, operator: next === ">" ? "Gt" : "Lt", values: [value] };
    }
    default:
      throw new SelectorError(`found '${next}', expected: in, notin, =, ==, !=, gt, lt`);
  }
}

function parseValues(peek: () => string | undefined, take: () => string | undefined): string[] {
  const open = take();
  if (open !== "(") throw new SelectorError(`found '${open ?? ""}' expected: '('`);
  const values: string[] = [];
  for (;;) {
    values.push(exactValue(peek, take, ")"));
    const token = take();
    if (token === ")") return [...new Set(values)].sort();
    if (token !== ",") throw new SelectorError(`found '${token ?? ""}', expected: ',' or ')'`);
  }
}

function exactValue(peek: () => string | undefined, take: () => string | undefined, end?: string): string {
  const next = peek();
  if (next === undefined || next === "," || next === end) return "";
  const value = identifier(take());
  const problem = labelValueProblem(value);
  if (problem !== undefined) throw new SelectorError(`values[0]: Invalid value: "${value}": ${problem}`);
  return value;
}

function identifier(token: string | undefined): string {
  if (token === undefined || /^([(),]|!|[=!<>]=?)$/.test(token)) {
    throw new SelectorError(`found '${token ?? ""}', expected: identifier`);
  }
  return token;
}

function checkKey(key: string): void {
  const problem = labelKeyProblem(key);
  if (problem !== undefined) throw new SelectorError(`key: Invalid value: "${key}": ${problem}`);
}

function tokenize(text: string): string[] {
  return text.match(/!=|==|[=!<>(),]|[^\s=!<>(),]+/g) ?? [];
}
