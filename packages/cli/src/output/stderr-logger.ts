import type { Writable } from "node:stream";
import { createLogger, type LogEntry, type Logger } from "@wherry/base";
import { UsageError } from "../errors.ts";
import type { Flag, FlagValues } from "../flags/flag.ts";

/** Flags of a command that logs, as verbosely as `verbosity` unless they say otherwise. */
export function logFlags(verbosity: number): readonly Flag[] {
  return [
    {
      name: "v",
      short: "v",
      kind: "integer",
      value: "LEVEL",
      help: "Log verbosity; 0 shows warnings and errors only, 4 and more debugging too",
      defaultText: String(verbosity),
    },
    { name: "logging-format", kind: "string", value: "FORMAT", help: "Log format: text or json", defaultText: "text" },
  ];
}

const debugVerbosity = 4;

/** A logger on `stream` as the flags have it: one line an entry. */
export function loggerFromFlags(
  flags: FlagValues,
  stream: Writable,
  command: string,
  defaultVerbosity: number,
): Logger {
  const verbosity = flags.integer("v") ?? defaultVerbosity;
  const level = verbosity >= debugVerbosity ? "debug" : verbosity > 0 ? "info" : "warn";
  const format = flags.string("logging-format") ?? "text";
  if (format !== "text" && format !== "json")
    throw new UsageError(`Flag --logging-format is "${format}", expected "text" or "json"`, command);
  const line = format === "json" ? jsonLine : textLine;
  return createLogger((entry) => void stream.write(`${line(entry, new Date())}\n`), level);
}

function jsonLine({ level, message, fields }: LogEntry, time: Date): string {
  return JSON.stringify({ ts: time.toISOString(), level, msg: message, ...fields });
}

function textLine({ level, message, fields }: LogEntry, time: Date): string {
  const pairs = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(
      ([name, value]) =>
        ` ${name}=${typeof value === "string" && /^[\w./:@-]+$/.test(value) ? value : JSON.stringify(value)}`,
    );
  return `${time.toISOString()} ${level.toUpperCase().padEnd(5)} ${message}${pairs.join("")}`;
}
