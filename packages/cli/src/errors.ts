import { WherryError } from "@wherry/base";

/** The user's command line or files are wrong; shown without a stack, exit code 2. */
export class UsageError extends WherryError {
  /** Command whose `--help` explains. */
  readonly command: string | undefined;

  constructor(message: string, command?: string) {
    super("Usage", message);
    this.command = command;
  }
}
