// Builds what the npm package ships: dist/wherry.js (the command), dist/host.js and dist/worker.js (guest processes).
import { rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "rolldown";

const root = join(import.meta.dirname, "..");
const output = join(root, "dist");
rmSync(output, { recursive: true, force: true });

const entries = {
  wherry: "packages/cli/src/main.ts",
  host: "packages/engine/src/host/main.ts",
  worker: "packages/engine/src/host/worker.ts",
};

await build({
  input: Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, join(root, path)])),
  platform: "node",
  resolve: { conditionNames: ["@wherry/source", "node", "import", "default"] },
  logLevel: "warn",
  output: {
    dir: output,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "chunk-[hash].js",
    minify: { mangle: false, compress: true, codegen: true },
  },
});
