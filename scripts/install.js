// Installs the locked dependencies where they are missing. Plain JavaScript: it must run under Node 20 in a fresh clone.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pinnedNode, root } from "./pinned-node.js";

/** Runs `npm ci` unless the pinned Node and the development tools are there. */
export function ensureInstalled() {
  if (isInstalled()) return;
  console.log("Installing the locked dependencies (npm ci), once ...");
  const npm = process.env.npm_execpath;
  const [command, ...args] = npm === undefined ? ["npm"] : [process.execPath, npm];
  const result = spawnSync(
    command,
    [...args, "ci", "--strict-allow-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
    {
      cwd: root,
      stdio: "inherit",
    },
  );
  if (result.error !== undefined) throw new Error(`Cannot run "npm ci" in "${root}"`, { cause: result.error });
  if (result.status !== 0)
    throw new Error(`"npm ci" in "${root}" ended with status ${result.status}; its output is above`);
}

function isInstalled() {
  try {
    pinnedNode();
  } catch {
    return false;
  }
  return (
    existsSync(join(root, "node_modules/vitest/vitest.mjs")) &&
    existsSync(join(root, "node_modules/rolldown/package.json"))
  );
}
