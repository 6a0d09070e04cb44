import { errorMessage, isAbort } from "@wherry/base";
import type { CommandContext, CommandEntry } from "./command.ts";
import { HintedError, UsageError } from "./errors.ts";
import type { Flag } from "./flags/flag.ts";
import { nearest, parseFlags } from "./flags/parse-flags.ts";
import { commandHelp, programHelp } from "./help.ts";

const helpFlag: Flag = { name: "help", short: "h", kind: "boolean", help: "Shows this help" };

/**
 * Runs the command that `argv` names and answers the exit code: the command's own, 2 for wrong usage, 1 for a failure, 130
 * after an interrupt.
 */
export async function runProgram(
  commands: readonly CommandEntry[],
  argv: readonly string[],
  context: CommandContext,
): Promise<number> {
  try {
    return await dispatch(commands, argv, context);
  } catch (error) {
    if (error instanceof UsageError) {
      const hint = error.command === undefined ? "wherry --help" : `wherry ${error.command} --help`;
      context.stderr.write(`error: ${error.message}\nRun "${hint}" for usage.\n`);
      return 2;
    }
    if (isAbort(error, context.signal) && context.signal.aborted) return 130;
    context.stderr.write(`error: ${errorMessage(error)}\n`);
    if (error instanceof HintedError) context.stderr.write(`${error.hint}\n`);
    if (context.environment["WHERRY_DEBUG"] !== undefined && error instanceof Error)
      context.stderr.write(`${error.stack}\n`);
    return 1;
  }
}

async function dispatch(
  commands: readonly CommandEntry[],
  argv: readonly string[],
  context: CommandContext,
): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    const about = name === "help" ? commands.find((command) => command.name === rest[0]) : undefined;
    context.stdout.write(about === undefined ? programHelp(commands) : commandHelp(await about.load(), about.summary));
    return name === undefined ? 2 : 0;
  }
  const wanted = name === "--version" ? "version" : name;
  const entry = commands.find((candidate) => candidate.name === wanted);
  if (entry === undefined) {
    const near = nearest(
      name,
      commands.map((candidate) => candidate.name),
    );
    throw new UsageError(`Unknown command "${name}"${near === undefined ? "" : `, did you mean "${near}"?`}`);
  }
  const command = await entry.load();
  const parsed = parseFlags([...command.flags, helpFlag], rest, command.name);
  if (parsed.flags.boolean("help") === true) {
    context.stdout.write(commandHelp(command, entry.summary));
    return 0;
  }
  return command.run(context, parsed);
}
