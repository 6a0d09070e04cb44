// `npm run demo`: installs what is missing, then runs the demo under the pinned Node.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ensureInstalled } from "./install.js";
import { pinnedNode, root } from "./pinned-node.js";

ensureInstalled();
const result = spawnSync(pinnedNode(), ["--conditions=@wherry/source", join(root, "scripts/demo.ts")], {
  cwd: root,
  stdio: "inherit",
});
process.exit(result.status ?? 1);
