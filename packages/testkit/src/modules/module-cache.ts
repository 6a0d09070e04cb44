import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";

const root = join(import.meta.dirname, "../../../..");
/** Where git and npm do not look: compiled guests are kept between runs, so that most runs compile nothing. */
const directory = join(root, "node_modules/.cache/wherry-testkit");

/**
 * The path of the module that `compile` writes, made at most once for the same `ingredients` (sources, flags, compiler version).
 *
 * Safe between processes: each writes a file of its own and renames it.
 */
export async function cachedModule(
  name: string,
  ingredients: readonly string[],
  compile: (outputPath: string) => Promise<void>,
): Promise<string> {
  const digest = createHash("sha256").update(JSON.stringify(ingredients)).digest("hex").slice(0, 16);
  const path = join(directory, `${name}-${digest}.wasm`);
  if (existsSync(path)) return path;
  await mkdir(directory, { recursive: true });
  const unfinished = join(directory, `${name}-${digest}-${process.pid}-${performance.now()}.tmp.wasm`);
  try {
    await compile(unfinished);
    await rename(unfinished, path);
  } finally {
    await rm(unfinished, { force: true });
  }
  return path;
}
