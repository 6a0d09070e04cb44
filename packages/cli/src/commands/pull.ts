import { join } from "node:path";
import { openContentStore, pullImage } from "@wherry/content";
import type { Command } from "../command.ts";
import { UsageError } from "../errors.ts";
import { pullFlags } from "../images/pull-flags.ts";
import { registryClient } from "../images/registry-client.ts";
import { outputFlag, wantsJson, writeJson } from "../output/output-format.ts";
import { ProgressLine } from "../output/progress-line.ts";
import { stateDirectory, stateDirectoryFlag } from "../state-directory.ts";
import { makeWritableDirectory } from "../writable-directory.ts";

export const pullCommand: Command = {
  name: "pull",
  usage: "[flags] REFERENCE",
  flags: [outputFlag, stateDirectoryFlag, ...pullFlags],
  async run(context, { flags, positionals }) {
    const [reference, ...more] = positionals;
    if (reference === undefined || more.length > 0)
      throw new UsageError("Expected one reference such as registry.example/app:v1", "pull");
    const json = wantsJson(flags, "pull");
    const directory = stateDirectory(flags, context);
    await makeWritableDirectory("--state-dir", directory);
    await using store = await openContentStore({ directory: join(directory, "content") });
    const client = await registryClient(flags, context);
    using progress = new ProgressLine(context, `Pulling ${reference}`);
    const pulled = await pullImage(store, client, reference, {
      signal: context.signal,
      onProgress: (part) => progress.update(part),
    });
    progress[Symbol.dispose]();
    if (json) writeJson(context.stdout, { reference: pulled.ref, id: pulled.configDigest, size: pulled.sizeBytes });
    else context.stdout.write(`${pulled.ref}\n`);
    return 0;
  },
};
