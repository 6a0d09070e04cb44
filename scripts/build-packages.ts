// Builds packages/*/dist, what the packages' tarballs ship: JavaScript and declarations. Builds only what has changed, so that each
// package can ask for it before it is packed.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, globSync, rmSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

// The compiler does not remove what it wrote for a source that is gone, and a tarball would ship it.
for (const output of globSync("packages/*/dist/**/*.{js,d.ts}", { cwd: root })) {
  const source = output.replace("/dist/", "/src/").replace(/(\.d\.ts|\.js)$/, ".ts");
  if (!existsSync(join(root, source))) rmSync(join(root, output));
}

const { status, error } = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-b"], {
  cwd: root,
  stdio: "inherit",
});
if (error !== undefined) throw error;

// npm takes a licence from the package's own directory only.
for (const directory of globSync("packages/*", { cwd: root }))
  copyFileSync(join(root, "LICENSE"), join(root, directory, "LICENSE"));
process.exitCode = status ?? 1;
