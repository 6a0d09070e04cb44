export type LogLevel = "debug" | "info" | "warn" | "error";

export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Structured log: a constant message and fields. Callers never put secrets into fields.
 */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to every entry. */
  child(fields: LogFields): Logger;
}

/** One line of a log, as `createLogger` hands it on. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger that hands each entry at or above `level` to `write`. */
export function createLogger(
  write: (entry: LogEntry) => void,
  level: LogLevel = "info",
  fields: LogFields = {},
): Logger {
  const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];
  const threshold = levels.indexOf(level);
  const log = (entryLevel: LogLevel) => (message: string, more?: LogFields) => {
    if (levels.indexOf(entryLevel) < threshold) return;
    write({ level: entryLevel, message, fields: more === undefined ? fields : { ...fields, ...more } });
  };
  return {
    debug: log("debug"),
    info: log("info"),
    warn: log("warn"),
    error: log("error"),
    child: (more) => createLogger(write, level, { ...fields, ...more }),
  };
}

/** A logger that drops everything. */
export const silentLogger: Logger = createLogger(() => undefined, "error");
