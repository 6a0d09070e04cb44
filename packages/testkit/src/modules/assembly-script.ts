import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { cachedModule } from "./module-cache.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../../../..");

/** Compiles an AssemblyScript program, which exports `abort`, to a module; answers the module's path. */
export async function compileAssemblyScript(sourcePath: string): Promise<string> {
  const manifestPath = createRequire(import.meta.url).resolve("assemblyscript/package.json");
  const [source, manifest] = await Promise.all([readFile(sourcePath, "utf8"), readFile(manifestPath, "utf8")]);
  const { version } = JSON.parse(manifest) as { version: string };
  const entry = relative(root, sourcePath);
  const name = entry.replace(/.*\//, "").replace(/(\.as)?\.ts$/, "");
  return cachedModule(name, [source, version, entry], async (output) => {
    const compiler = join(dirname(manifestPath), "bin/asc.js");
    const abort = `abort=${entry.replace(/\.ts$/, "")}/abort`;
    await run(process.execPath, [compiler, entry, "-o", output, "--optimize", "--use", abort], { cwd: root });
  });
}

/** Path of the workload kit, a program that does what its arguments say: see `guests/kit.as.ts`. */
export function workloadKit(): Promise<string> {
  return compileAssemblyScript(join(root, "packages/testkit/guests/kit.as.ts"));
}
