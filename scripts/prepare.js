// Runs after `npm install` and `npm ci` in a clone: generates the protocol code, which is not checked in.
// Plain JavaScript without dependencies: it must run under Node 20, before anything is built, and without a network.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const generated = join(root, "packages", "rpc", "src", "gen");
const stampFile = join(generated, ".inputs.sha256");

try {
  prepare();
  bundle();
} catch (error) {
  console.error(`prepare: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}

function prepare() {
  const stamp = hashInputs();
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return;
  const buf = findBuf();
  if (buf === undefined) {
    if (!(process.env["npm_config_omit"] ?? "").split(/[\s,]+/).includes("dev")) throw new Error(missingBuf());
    console.warn("prepare: development dependencies are omitted; run `npm ci && npm run gen` to work from source");
    return;
  }
  const result = spawnSync(buf, ["generate"], {
    cwd: root,
    stdio: "inherit",
    // The plug-in is found by name; npm sets this only for scripts that it runs itself.
    env: {
      ...process.env,
      PATH: [join(root, "node_modules", ".bin"), dirname(process.execPath), process.env["PATH"]].join(delimiter),
    },
  });
  if (result.error !== undefined) throw new Error(`Cannot run "${buf}": ${result.error.message}`);
  if (result.status !== 0) {
    throw new Error(`Cannot generate the protocol code: "buf generate" ended with ${result.signal ?? result.status}`);
  }
  writeFileSync(stampFile, stamp);
}

/** Builds `dist/` where the development tools are installed, so that a clone runs as the published package does. */
function bundle() {
  const require = createRequire(join(root, "package.json"));
  let node;
  try {
    require.resolve("rolldown/package.json");
    node = join(
      dirname(require.resolve("node/package.json")),
      "bin",
      process.platform === "win32" ? "node.exe" : "node",
    );
  } catch {
    return;
  }
  if (!existsSync(node)) return;
  const result = spawnSync(node, ["--conditions=@wherry/source", join(root, "scripts", "bundle.ts")], {
    cwd: root,
    stdio: "inherit",
  });
  if (result.error !== undefined) throw new Error(`Cannot run "${node}": ${result.error.message}`);
  if (result.status !== 0)
    throw new Error(`Cannot bundle dist/: scripts/bundle.ts ended with ${result.signal ?? result.status}`);
}

/** Hash of everything the generated code depends on, so that a second run costs nothing. */
function hashInputs() {
  const hash = createHash("sha256");
  const proto = join(root, "packages", "rpc", "proto");
  const files = readdirSync(proto, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".proto"))
    .sort()
    .map((name) => join(proto, name));
  for (const file of [...files, join(root, "buf.yaml"), join(root, "buf.gen.yaml"), join(root, "package.json")]) {
    const content = readFileSync(file);
    hash.update(`${file.slice(root.length)}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

/** The executable in buf's platform package: the launcher in `buf` itself would need an install script for speed. */
function findBuf() {
  const require = createRequire(join(root, "package.json"));
  try {
    const manifest = require.resolve(`@bufbuild/buf-${process.platform}-${process.arch}/package.json`);
    const executable = join(dirname(manifest), "bin", process.platform === "win32" ? "buf.exe" : "buf");
    return existsSync(executable) ? executable : undefined;
  } catch {
    return undefined;
  }
}

function missingBuf() {
  return (
    `Cannot find the package "@bufbuild/buf-${process.platform}-${process.arch}" that holds the protobuf compiler. ` +
    `It is an optional dependency of "@bufbuild/buf": install with "npm ci" and without "--omit=optional"`
  );
}
