// Finds the pinned Node of the `node` dependency. Plain JavaScript: it must run under Node 20.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Path of the pinned Node executable; throws when dependencies are not installed. */
export function pinnedNode() {
  const require = createRequire(join(root, "package.json"));
  const executable = join(
    dirname(require.resolve("node/package.json")),
    "bin",
    process.platform === "win32" ? "node.exe" : "node",
  );
  if (!existsSync(executable)) throw new Error(`Cannot find the pinned Node at "${executable}": run "npm ci"`);
  return executable;
}
