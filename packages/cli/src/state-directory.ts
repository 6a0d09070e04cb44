import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { CommandContext } from "./command.ts";
import { UsageError } from "./errors.ts";
import type { Flag, FlagValues } from "./flags/flag.ts";

export const stateDirectoryFlag: Flag = {
  name: "state-dir",
  kind: "string",
  value: "DIRECTORY",
  help: "Directory of everything that is kept",
  defaultText: "$XDG_DATA_HOME/wherry or ~/.local/share/wherry",
};

/** The directory of the flag, or the user's data directory as the XDG Base Directory Specification has it. */
export function stateDirectory(flags: FlagValues, context: CommandContext): string {
  const given = flags.string("state-dir");
  if (given === "") throw new UsageError('Flag --state-dir is "", expected a directory');
  if (given !== undefined) return resolve(context.workingDirectory, given);
  const data = context.environment["XDG_DATA_HOME"];
  return join(data?.startsWith("/") ? data : join(homedir(), ".local/share"), "wherry");
}
