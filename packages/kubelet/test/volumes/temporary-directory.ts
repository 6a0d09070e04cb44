import { mkdtemp, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { removeTree } from "../../src/volumes/remove-tree.ts";

/** A fresh directory that goes with the test. */
export async function temporaryDirectory(): Promise<string> {
  const parent = await realpath(tmpdir());
  const path = await mkdtemp(join(parent, "wherry-volumes-"));
  onTestFinished(() => removeTree(parent, path.slice(parent.length + 1)));
  return path;
}
