import type { Command } from "../command.ts";
import { UsageError } from "../errors.ts";
import { outputFlag, wantsJson, writeJson } from "../output/output-format.ts";
import { version } from "../version.ts";

export const versionCommand: Command = {
  name: "version",
  usage: "[flags]",
  flags: [outputFlag],
  async run(context, { flags, positionals }) {
    if (positionals.length > 0) throw new UsageError(`Unexpected argument "${positionals[0]}"`, "version");
    const versions = {
      wherry: version,
      node: process.versions.node,
      v8: process.versions.v8,
      platform: `${process.platform}/${process.arch}`,
    };
    if (wantsJson(flags, "version")) writeJson(context.stdout, versions);
    else
      context.stdout.write(
        `wherry ${versions.wherry} (Node ${versions.node}, V8 ${versions.v8}, ${versions.platform})\n`,
      );
    return 0;
  },
};
