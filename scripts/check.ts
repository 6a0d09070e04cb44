// The gate: formatting, lint, types, the packages' build, layers, file length and, unless --without-tests is given, the unit tests; each
// step's time is printed.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const bin = (name: string) => join(root, "node_modules/.bin", name);
const node = process.execPath;

const withTests = !process.argv.includes("--without-tests");
const steps: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ["generated code", node, "scripts/prepare.js"],
  ["biome", bin("biome"), "ci", "--error-on-warnings", "."],
  ["oxlint", bin("oxlint"), "--type-aware"],
  ["types", node, join(root, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.check.json"],
  ["packages", node, "scripts/build-packages.ts"],
  ["layers", node, "scripts/check-layers.ts"],
  ["file length", node, "scripts/check-file-length.ts"],
  ...(withTests
    ? [["unit tests", node, join(root, "node_modules/vitest/vitest.mjs"), "run", "--project", "unit"] as const]
    : []),
];

const failed: string[] = [];
for (const [name, command, ...args] of steps) {
  const start = performance.now();
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, PATH: `${join(root, "node_modules/node/bin")}:${process.env["PATH"]}` },
  });
  console.log(`${status === 0 ? "ok" : "FAILED"}  ${name}  ${((performance.now() - start) / 1000).toFixed(1)} s`);
  if (status !== 0) failed.push(name);
}
if (failed.length > 0) console.error(`check failed: ${failed.join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
