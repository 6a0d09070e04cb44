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

// One build for each: what a host process loads must not be shaped by what the command needs.
for (const [name, path] of Object.entries(entries)) {
  await build({
    input: { [name]: join(root, path) },
    platform: "node",
    resolve: { conditionNames: ["@wherry/source", "node", "import", "default"] },
    logLevel: "warn",
    output: {
      dir: output,
      format: "esm",
      entryFileNames: "[name].js",
      chunkFileNames: `${name}-[hash].js`,
      minify: { mangle: false, compress: true, codegen: true },
    },
  });
}
