import { UsageError } from "../errors.ts";
import type { Flag, FlagValues, ParsedArguments } from "./flag.ts";

type Value = string | boolean | number | string[];

/**
 * Parses a command line as Go's pflag does: `--name value`, `--name=value`, `-n value`, `--bool`, `--bool=false`, `--` ends.
 *
 * Unknown flags and bad values throw `UsageError` naming the flag, the value and what would be right.
 */
export function parseFlags(flags: readonly Flag[], argv: readonly string[], command: string): ParsedArguments {
  const values = new Map<string, Value>();
  const positionals: string[] = [];
  let index = 0;
  for (; index < argv.length; index++) {
    const argument = argv[index] ?? "";
    if (argument === "--") break;
    if (!argument.startsWith("-") || argument === "-") {
      positionals.push(argument);
      continue;
    }
    const { flag, inline } = findFlag(flags, argument, command);
    if (flag.kind === "boolean") {
      values.set(flag.name, parseBoolean(flag, inline, command));
      continue;
    }
    const text = inline ?? argv[++index];
    if (text === undefined)
      throw new UsageError(`Flag --${flag.name} needs a value ${flag.value ?? ""}`.trim(), command);
    setValue(values, flag, text, command);
  }
  return { flags: access(values), positionals, rest: argv.slice(index + 1) };
}

function findFlag(
  flags: readonly Flag[],
  argument: string,
  command: string,
): { flag: Flag; inline: string | undefined } {
  const [, dashes = "-", name = "", inline] = /^(--?)([^=]*)(?:=(.*))?$/s.exec(argument) ?? [];
  const flag = flags.find((candidate) => candidate.name === name || (dashes === "-" && candidate.short === name));
  if (flag !== undefined) return { flag, inline };
  const near = nearest(
    name,
    flags.map((candidate) => candidate.name),
  );
  throw new UsageError(
    `Unknown flag "${dashes}${name}"${near === undefined ? "" : `, did you mean "--${near}"?`}`,
    command,
  );
}

function setValue(values: Map<string, Value>, flag: Flag, text: string, command: string): void {
  if (flag.kind === "strings") {
    if (flag.pattern?.test(text) === false)
      throw new UsageError(`Flag --${flag.name} has "${text}", expected ${flag.value}`, command);
    const before = values.get(flag.name);
    values.set(flag.name, [...(Array.isArray(before) ? before : []), text]);
  } else if (flag.kind === "integer") {
    const [from, to] = flag.range ?? [0, 999_999_999];
    const value = /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
    if (value === undefined || value < from || value > to)
      throw new UsageError(
        `Flag --${flag.name} is "${text}", expected a whole number ${to === 999_999_999 ? `of ${from} or more` : `from ${from} to ${to}`}`,
        command,
      );
    values.set(flag.name, value);
  } else values.set(flag.name, text);
}

function parseBoolean(flag: Flag, text: string | undefined, command: string): boolean {
  if (text === undefined || text === "true" || text === "1") return true;
  if (text === "false" || text === "0") return false;
  throw new UsageError(`Flag --${flag.name} is "${text}", expected true or false`, command);
}

function access(values: ReadonlyMap<string, Value>): FlagValues {
  return {
    string: (name) => values.get(name) as string | undefined,
    strings: (name) => (values.get(name) as string[] | undefined) ?? [],
    integer: (name) => values.get(name) as number | undefined,
    boolean: (name) => values.get(name) as boolean | undefined,
  };
}

/** The candidate within two edits of `word`, if any. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(word, candidate);
    if (distance <= 2 && distance < (best?.distance ?? 3)) best = { candidate, distance };
  }
  return best?.candidate;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
