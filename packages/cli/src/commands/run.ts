import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import { parseQuantity, quantityValue } from "@wherry/kubernetes";
import type { Preopen } from "@wherry/wasi";
import type { Command, CommandContext } from "../command.ts";
import { UsageError } from "../errors.ts";
import type { Flag, FlagValues } from "../flags/flag.ts";
import { pullFlags } from "../images/pull-flags.ts";
import { pullRunnable } from "../images/pull-runnable.ts";
import { runModule } from "../run/run-module.ts";
import { stateDirectoryFlag } from "../state-directory.ts";

const flags: readonly Flag[] = [
  {
    name: "env",
    short: "e",
    kind: "strings",
    value: "NAME=VALUE",
    help: "Environment variable; NAME alone takes the value of this process",
  },
  {
    name: "dir",
    kind: "strings",
    value: "HOST[::GUEST]",
    help: "Directory to give the guest; :ro at the end makes it read-only",
  },
  { name: "memory", kind: "string", value: "QUANTITY", help: "Most memory of the guest, e.g. 64Mi" },
  stateDirectoryFlag,
  ...pullFlags,
];

export const runCommand: Command = {
  name: "run",
  usage: "[flags] FILE.wasm|IMAGE [-- args]",
  description:
    "The guest gets no directory, variable or network but what the flags name. Exit code: the guest's own; 134 after a trap.",
  flags,
  async run(context, { flags: values, positionals, rest }) {
    const [target, ...more] = positionals;
    if (target === undefined) throw new UsageError("Expected a module file or an image to run", "run");
    const args = [...more, ...rest];
    const env = environment(values.strings("env"), context);
    const preopens = values.strings("dir").map((text) => preopen(text, context));
    const memoryLimitBytes = memoryLimit(values);
    const file = resolve(context.workingDirectory, target);
    if (existsSync(file)) {
      return runModule({ modulePath: file, args: [basename(file), ...args], env, preopens, memoryLimitBytes }, context);
    }
    if (/^[./]|^[^:@]*\.wasm$/.test(target)) throw new UsageError(`Cannot find module file "${file}"`, "run");
    const image = await pullRunnable(target, values, context);
    const root: Preopen[] =
      image.rootfsPath === undefined ? [] : [{ guestPath: "/", hostPath: image.rootfsPath, readOnly: true }];
    const program = image.entrypoint.length > 0 ? image.entrypoint : [image.moduleName];
    return runModule(
      {
        modulePath: image.modulePath,
        args: [...program, ...(args.length > 0 ? args : image.cmd)],
        env: { ...image.env, ...env },
        preopens: [...root, ...preopens],
        memoryLimitBytes,
      },
      context,
    );
  },
};

function environment(entries: readonly string[], context: CommandContext): Record<string, string> {
  const result: Record<string, string> = {};
  for (const entry of entries) {
    const [, name = "", value] = /^([^=]*)(?:=(.*))?$/s.exec(entry) ?? [];
    if (name === "") throw new UsageError(`Flag --env is "${entry}", expected NAME=VALUE or NAME`, "run");
    const resolved = value ?? context.environment[name];
    if (resolved !== undefined) result[name] = resolved;
  }
  return result;
}

function preopen(text: string, context: CommandContext): Preopen {
  const readOnly = text.endsWith(":ro");
  const [host = "", guest = host] = (readOnly ? text.slice(0, -3) : text).split("::");
  if (host === "" || guest === "") throw new UsageError(`Flag --dir is "${text}", expected HOST or HOST::GUEST`, "run");
  const hostPath = resolve(context.workingDirectory, host);
  if (!existsSync(hostPath)) throw new UsageError(`Flag --dir is "${text}", but "${hostPath}" does not exist`, "run");
  return { guestPath: guest, hostPath, readOnly };
}

function memoryLimit(values: FlagValues): number | undefined {
  const text = values.string("memory");
  if (text === undefined) return undefined;
  try {
    const bytes = quantityValue(parseQuantity(text));
    if (bytes > 0) return bytes;
  } catch {
    // Said below.
  }
  throw new UsageError(`Flag --memory is "${text}", expected a positive quantity such as 64Mi`, "run");
}
