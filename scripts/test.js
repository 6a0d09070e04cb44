// `npm test`: installs what is missing, then runs the unit and integration suites under the pinned Node.
import { spawnSync } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import { ensureInstalled } from "./install.js";
import { pinnedNode, root } from "./pinned-node.js";

ensureInstalled();
const node = pinnedNode();
const projects = process.argv.slice(2);
const args = projects.length > 0 ? projects : ["--project", "unit", "--project", "integration"];
const path = `${dirname(node)}${delimiter}${process.env.PATH ?? ""}`;
const result = spawnSync(node, [join(root, "node_modules/vitest/vitest.mjs"), "run", ...args], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, PATH: path },
});
process.exit(result.status ?? 1);
