// Builds what the npm package ships: dist/wherry.js (the command), dist/unpack-worker.js (its threads that unpack images),
// dist/start-host.cjs and dist/host.cjs (host processes).
import { rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "rolldown";

const root = join(import.meta.dirname, "..");
const output = join(root, "dist");
rmSync(output, { recursive: true, force: true });

/** What host processes run is a CommonJS script: of such V8 gives out the compiled form, to be kept in a file. */
const bundles = [
  { name: "wherry", path: "packages/cli/src/main.ts", format: "esm", extension: "js" },
  // Beside the command, where packages/content looks for it.
  { name: "unpack-worker", path: "packages/content/src/unpack-worker.ts", format: "esm", extension: "js" },
  { name: "start-host", path: "packages/engine/src/host/cached-start.ts", format: "cjs", extension: "cjs" },
  { name: "host", path: "packages/engine/src/host/main.ts", format: "cjs", extension: "cjs" },
] as const;

// One build for each: what a host process loads must not be shaped by what the command needs.
for (const { name, path, format, extension } of bundles) {
  await build({
    input: { [name]: join(root, path) },
    platform: "node",
    resolve: { conditionNames: ["@wherry/source", "node", "import", "default"] },
    logLevel: "warn",
    output: {
      dir: output,
      format,
      entryFileNames: `[name].${extension}`,
      chunkFileNames: `${name}-[hash].${extension}`,
      minify: { mangle: false, compress: true, codegen: true },
    },
  });
}
