import type { Command, CommandEntry } from "./command.ts";
import type { Flag } from "./flags/flag.ts";

/** Help of the whole program. */
export function programHelp(commands: readonly CommandEntry[]): string {
  const width = Math.max(...commands.map((command) => command.name.length));
  const lines = commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`);
  return `Wherry runs WebAssembly pods as a Kubernetes node.\n\nUsage: wherry COMMAND [flags]\n\nCommands:\n${lines.join("\n")}\n\nRun "wherry COMMAND --help" for the flags of a command.\n`;
}

/** Help of one command. */
export function commandHelp(command: Command, summary: string): string {
  const description = command.description === undefined ? "" : `\n${command.description}\n`;
  const flags = command.flags.length === 0 ? "" : `\nFlags:\n${command.flags.map(flagHelp).join("\n")}\n`;
  return `${summary}\n\nUsage: wherry ${command.name} ${command.usage}\n${description}${flags}`;
}

/** Flags longer than this have their help on the next line. */
const flagColumns = 34;

function flagHelp(flag: Flag): string {
  const short = flag.short === undefined ? "    " : `-${flag.short}, `;
  const value = flag.kind === "boolean" ? "" : ` ${flag.value ?? flag.kind.toUpperCase()}`;
  const defaultText = flag.defaultText === undefined ? "" : ` (default ${flag.defaultText})`;
  const left = `${short}--${flag.name}${value}`;
  const gap =
    left.length > flagColumns ? `\n${" ".repeat(flagColumns + 4)}` : " ".repeat(flagColumns + 2 - left.length);
  return `  ${left}${gap}${flag.help}${defaultText}`;
}
