import type { Writable } from "node:stream";
import { UsageError } from "../errors.ts";
import type { Flag, FlagValues } from "../flags/flag.ts";

export const outputFlag: Flag = {
  name: "output",
  short: "o",
  kind: "string",
  value: "FORMAT",
  help: "Output format: text or json",
  defaultText: "text",
};

/** Whether `--output json` was given; throws `UsageError` for an unknown format. */
export function wantsJson(flags: FlagValues, command: string): boolean {
  const format = flags.string("output") ?? "text";
  if (format === "json") return true;
  if (format === "text") return false;
  throw new UsageError(`Flag --output is "${format}", expected "text" or "json"`, command);
}

/** One JSON document on a line of its own. */
export function writeJson(stream: Writable, value: unknown): void {
  stream.write(`${JSON.stringify(value)}\n`);
}
