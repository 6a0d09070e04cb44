// Runs a TypeScript script of this repository under the pinned Node, whatever Node npm itself runs on.
import { spawnSync } from "node:child_process";
import { pinnedNode, root } from "./pinned-node.js";

const [script, ...args] = process.argv.slice(2);
const result = spawnSync(pinnedNode(), ["--conditions=@wherry/source", script, ...args], {
  stdio: "inherit",
  cwd: root,
});
process.exit(result.status ?? 1);
