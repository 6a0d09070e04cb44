import { execFileSync } from "node:child_process";
import {
  chmodSync,
  createReadStream,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { silentLogger } from "@wherry/base";
import { describe, expect, test } from "vitest";
import { findProgram } from "../../testkit/src/registries/peer-registries.ts";
import { UnpackBudget } from "../src/layer-limits.ts";
import { LayerWriter } from "../src/layer-writer.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const tar = findProgram("WHERRY_TAR", "tar");
if (tar === undefined) console.log("skipped: no tar (WHERRY_TAR or PATH)");

/** Type, permissions, time in seconds and content of everything below a directory. */
function describeTree(root: string, below = ""): Record<string, unknown> {
  const tree: Record<string, unknown> = {};
  for (const name of readdirSync(join(root, below)).toSorted()) {
    const path = join(root, below, name);
    const stat = lstatSync(path);
    const key = join(below, name);
    const seconds = Math.floor(stat.mtimeMs / 1000);
    if (stat.isSymbolicLink()) tree[key] = ["link", readlinkSync(path)];
    else if (stat.isDirectory()) tree[key] = ["directory", stat.mode & 0o777, seconds];
    else tree[key] = ["file", stat.mode & 0o777, seconds, stat.nlink, readFileSync(path, "hex")];
    if (stat.isDirectory()) Object.assign(tree, describeTree(root, key));
  }
  return tree;
}

function makeTree(root: string, withLongNames: boolean): void {
  mkdirSync(join(root, "bin"), { recursive: true });
  mkdirSync(join(root, "empty"), { mode: 0o700 });
  writeFileSync(join(root, "bin/app"), Buffer.alloc(100_000, "app"));
  writeFileSync(join(root, "bin/Ünïcode name"), "x");
  writeFileSync(join(root, "nothing"), "");
  chmodSync(join(root, "bin/app"), 0o751);
  symlinkSync("app", join(root, "bin/link"));
  linkSync(join(root, "bin/app"), join(root, "bin/same"));
  if (!withLongNames) return;
  const deep = join(root, "d".repeat(90), "e".repeat(90), "f".repeat(90));
  mkdirSync(deep, { recursive: true });
  writeFileSync(join(deep, "g".repeat(200)), "deep");
  symlinkSync("g".repeat(200), join(deep, "long-link"));
}

describe("LayerWriter against tar", () => {
  test.skipIf(tar === undefined).each([
    ["v7", false],
    ["oldgnu", true],
    ["gnu", true],
    ["ustar", false],
    ["posix", true],
  ])("unpacks the %s format as tar packed it", async (format, withLongNames) => {
    using directory = temporaryDirectory();
    const source = join(directory.path, "source");
    const target = join(directory.path, "target");
    const archive = join(directory.path, "layer.tar");
    mkdirSync(target);
    makeTree(source, withLongNames);
    execFileSync(tar ?? "", [`--format=${format}`, "-cf", archive, "-C", source, "."]);
    using writer = new LayerWriter(target, new UnpackBudget({}), silentLogger);
    await writer.apply(createReadStream(archive));
    writer.finish();
    expect(describeTree(target)).toEqual(describeTree(source));
  });
});
