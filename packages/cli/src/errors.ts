import { errorCode, errorMessage, WherryError } from "@wherry/base";

/** A failure together with what the user of this command can do about it. */
export class HintedError extends WherryError {
  /** A whole sentence, shown on a line of its own. */
  readonly hint: string;

  constructor(cause: unknown, hint: string) {
    super("Hinted", errorMessage(cause), { cause });
    this.hint = hint;
  }
}

/** The failure with the hint that is known for its code, or as it is. */
export function hinted(error: unknown, hints: ReadonlyMap<string, string>): unknown {
  const hint = hints.get(errorCode(error) ?? "");
  return hint === undefined ? error : new HintedError(error, hint);
}

/** The user's command line or files are wrong; shown without a stack, exit code 2. */
export class UsageError extends WherryError {
  /** Command whose `--help` explains. */
  readonly command: string | undefined;

  constructor(message: string, command?: string) {
    super("Usage", message);
    this.command = command;
  }
}
