import { link, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { VolumeMount } from "@wherry/kubernetes";
import { expandVariables } from "../environment/expand-variables.ts";
import type { EnvironmentVariable } from "../ports/environment.ts";
import type { MountSource } from "./container-mounts.ts";
import { makeDirectory } from "./make-directory.ts";
import { removeTree } from "./remove-tree.ts";
import { resolveBeneath } from "./resolve-beneath.ts";
import { VolumeFault } from "./volume-fault.ts";

/** Linux' PATH_MAX without the NUL. */
const maxPathBytes = 4095;

/**
 * The path below the volume that a mount asks for, with variables filled in; empty for the volume itself.
 *
 * @throws VolumeFault for a path that is absolute, too long, has `..`, or whose variables are missing or empty
 */
export function requestedSubPath(mount: VolumeMount, environment: readonly EnvironmentVariable[]): string {
  const { subPath = "", subPathExpr = "" } = mount;
  if (subPath !== "" && subPathExpr !== "")
    throw new VolumeFault("InvalidVolume", "subPath and subPathExpr are mutually exclusive");
  const path = subPathExpr === "" ? subPath : expandSubPath(subPathExpr, environment);
  if (Buffer.byteLength(path) > maxPathBytes)
    throw new VolumeFault("InvalidVolume", `SubPath "${path.slice(0, 100)}…" is longer than ${maxPathBytes} bytes`);
  if (path.startsWith("/")) throw new VolumeFault("InvalidVolume", `SubPath "${path}" must not be an absolute path`);
  if (path.split("/").includes("..")) throw new VolumeFault("InvalidVolume", `SubPath "${path}" must not contain ".."`);
  if (path.includes("\0"))
    throw new VolumeFault("InvalidVolume", `SubPath ${JSON.stringify(path)} must not contain NUL`);
  return path;
}

function expandSubPath(expression: string, environment: readonly EnvironmentVariable[]): string {
  const values = new Map(environment.map(({ name, value }) => [name, value]));
  const missing = new Set<string>();
  const path = expandVariables(
    expression,
    (name) => {
      const value = values.get(name);
      if (!value) missing.add(name);
      return value;
    },
    maxPathBytes,
  );
  if (missing.size > 0)
    throw new VolumeFault(
      "InvalidVolume",
      `subPathExpr "${expression}" cannot be expanded: missing value for ${[...missing].sort().join(", ")}`,
    );
  return path;
}

/**
 * A path of a volume that changes in place; a missing one is made a directory with the mode of the volume's.
 *
 * The way to it is the runtime's to go once more: whoever has the volume may have put a link in it since.
 */
export async function liveSubPath(volume: string, subPath: string, mode: number): Promise<MountSource> {
  await resolveBeneath(volume, subPath, { createMode: mode });
  return { hostPath: volume, subPath };
}

/**
 * A copy of what `subPath` names in a volume whose files are replaced under their names, at `target`: hard links, so that it costs
 * no space, shows one version of the volume, and stays when the volume is updated, as a bind mount does.
 *
 * A missing path gives an empty directory. Whatever was at `target` is replaced.
 */
export async function payloadSubPath(
  volume: string,
  subPath: string,
  target: { readonly parent: string; readonly name: string },
): Promise<MountSource> {
  const path = join(target.parent, target.name);
  await removeTree(target.parent, target.name);
  await makeDirectory(target.parent, 0o750);
  try {
    const source = await resolveBeneath(volume, subPath);
    if (source.isDirectory) await linkTree(source.path, path);
    else await link(source.path, path);
  } catch (error) {
    if (!(error instanceof VolumeFault && error.code === "MissingReference")) throw error;
    await mkdir(path, { mode: 0o755 });
  }
  return { hostPath: path };
}

/** Only payload directories come here, which the kubelet alone writes. */
async function linkTree(from: string, to: string): Promise<void> {
  await mkdir(to, { mode: 0o755 });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    if (entry.isDirectory()) await linkTree(source, join(to, entry.name));
    else if (entry.isFile()) await link(source, join(to, entry.name));
  }
}
