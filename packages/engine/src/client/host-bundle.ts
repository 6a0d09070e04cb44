import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { hostFlags } from "./host-process.ts";

/** What the starter of host processes is given to run, and where the compiled form of it is kept. */
export interface HostBundle {
  readonly codePath: string;
  readonly cachePath: string;
}

/**
 * Finds the place for a bundle's compiled form. V8 tells code apart by its length only, so the place is named by all that it depends
 * on; forms of other bundles are removed.
 */
export function hostBundle(codePath: string, stateDirectory: string): HostBundle {
  const hash = createHash("sha256");
  for (const part of [process.version, process.arch, ...hostFlags, readFileSync(codePath)]) hash.update(part);
  const directory = join(stateDirectory, "compiled");
  const name = `host-${hash.digest("hex").slice(0, 32)}`;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const other of readdirSync(directory)) if (other !== name) rmSync(join(directory, other), { force: true });
  return { codePath, cachePath: join(directory, name) };
}
