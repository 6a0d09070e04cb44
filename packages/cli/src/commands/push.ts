import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { pushModule } from "@wherry/content";
import type { Command } from "../command.ts";
import { UsageError } from "../errors.ts";
import { pullFlags } from "../images/pull-flags.ts";
import { registryClient } from "../images/registry-client.ts";
import { outputFlag, wantsJson, writeJson } from "../output/output-format.ts";
import { readModuleFile } from "../run/read-module-file.ts";

export const pushCommand: Command = {
  name: "push",
  usage: "[flags] FILE.wasm REFERENCE",
  description:
    "The artifact has the CNCF's form: configuration application/vnd.wasm.config.v0+json, one layer application/wasm.",
  flags: [
    { name: "annotation", kind: "strings", value: "NAME=VALUE", help: "Annotation of the manifest" },
    outputFlag,
    ...pullFlags,
  ],
  async run(context, { flags, positionals }) {
    const [file, reference, ...more] = positionals;
    if (file === undefined || reference === undefined || more.length > 0) {
      throw new UsageError("Expected a module file and a reference such as registry.example/app:v1", "push");
    }
    const json = wantsJson(flags, "push");
    const annotations = Object.fromEntries(flags.strings("annotation").map(annotation));
    const path = resolve(context.workingDirectory, file);
    await readModuleFile(path);
    const client = await registryClient(flags, context);
    // So that the same file has the same digest, whenever it is pushed.
    const { mtimeMs } = await stat(path);
    const pushed = await pushModule(client, reference, path, {
      title: basename(path),
      createdMs: mtimeMs,
      annotations,
      signal: context.signal,
    });
    if (json)
      writeJson(context.stdout, {
        reference: pushed.ref,
        digest: pushed.manifest.digest,
        module: pushed.layer.digest,
        size: pushed.layer.size,
      });
    else context.stdout.write(`${pushed.ref}\n`);
    return 0;
  },
};

function annotation(text: string): [string, string] {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new UsageError(`Flag --annotation is "${text}", expected NAME=VALUE`, "push");
  return [name, value];
}
