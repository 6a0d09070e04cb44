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
  const [sources, manifest] = await Promise.all([readProgram(sourcePath), readFile(manifestPath, "utf8")]);
  const { version } = JSON.parse(manifest) as { version: string };
  const entry = relative(root, sourcePath);
  const name = entry.replace(/.*\//, "").replace(/(\.as)?\.ts$/, "");
  return cachedModule(name, [...sources, version, entry], async (output) => {
    const compiler = join(dirname(manifestPath), "bin/asc.js");
    const abort = `abort=${entry.replace(/\.ts$/, "")}/abort`;
    await run(process.execPath, [compiler, entry, "-o", output, "--optimize", "--use", abort], { cwd: root });
  });
}

/** The texts of a source file and of all that it imports by relative paths. */
async function readProgram(path: string, seen: Set<string> = new Set()): Promise<string[]> {
  seen.add(path);
  const text = await readFile(path, "utf8");
  const texts = [text];
  for (const [, name = ""] of text.matchAll(/ from "(\.[^"]+)"/g)) {
    const imported = join(dirname(path), `${name}.ts`);
    if (!seen.has(imported)) texts.push(...(await readProgram(imported, seen)));
  }
  return texts;
}

/** Path of the workload kit, a program that does what its arguments say: see `guests/kit.as.ts`. */
export function workloadKit(): Promise<string> {
  return compileAssemblyScript(join(root, "packages/testkit/guests/kit.as.ts"));
}
