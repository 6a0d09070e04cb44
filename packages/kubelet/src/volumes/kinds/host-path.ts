import { constants, type Stats } from "node:fs";
import { lstat, open, realpath, stat } from "node:fs/promises";
import { isAbsolute } from "node:path";
import { errorCode } from "@wherry/base";
import { makeDirectory } from "../make-directory.ts";
import { VolumeFault } from "../volume-fault.ts";
import type { PlaceVolumeKind } from "../volume-kind.ts";

interface TypeCheck {
  readonly description: string;
  readonly holds: (info: Stats) => boolean;
}

const directory: TypeCheck = { description: "a directory", holds: (info) => info.isDirectory() };
const file: TypeCheck = { description: "a file", holds: (info) => info.isFile() };

const checks: ReadonlyMap<string, TypeCheck> = new Map([
  ["DirectoryOrCreate", directory],
  ["Directory", directory],
  ["FileOrCreate", file],
  ["File", file],
  ["Socket", { description: "a socket file", holds: (info: Stats) => info.isSocket() }],
  ["CharDevice", { description: "a character device", holds: (info: Stats) => info.isCharacterDevice() }],
  ["BlockDevice", { description: "a block device", holds: (info: Stats) => info.isBlockDevice() }],
]);

/**
 * Volumes of kind `hostPath`: a path of the node, checked or created as its type says.
 *
 * Without a type nothing is checked and a missing directory is created, as container runtimes do. Containers get the path with
 * its links resolved.
 */
export const hostPathKind: PlaceVolumeKind<"hostPath"> = {
  type: "place",
  field: "hostPath",
  async mount({ spec }) {
    const { path, type = "" } = spec;
    if (!isAbsolute(path) || path.includes("\0") || path.split("/").includes(".."))
      throw new VolumeFault("InvalidVolume", `hostPath "${path}" is not an absolute path without ".."`);
    const check = checks.get(type);
    if (type !== "" && check === undefined)
      throw new VolumeFault(
        "InvalidVolume",
        `${type} is an invalid volume type; supported are ${[...checks.keys()].join(", ")}`,
      );
    if (type === "" || type === "DirectoryOrCreate") await createDirectory(path);
    if (type === "FileOrCreate") await createFile(path);
    const info = await statIfPresent(path);
    if (check !== undefined && (info === undefined || !check.holds(info)))
      throw new VolumeFault("MissingReference", `hostPath type check failed: ${path} is not ${check.description}`);
    return { type: "path", path: await realpath(path), readOnly: false, sharing: "live" };
  },
};

async function statIfPresent(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink();
  } catch {
    return false;
  }
}

async function createDirectory(path: string): Promise<void> {
  if ((await statIfPresent(path)) !== undefined) return;
  if (await isLink(path))
    throw new VolumeFault("MissingReference", `hostPath ${path} is a symbolic link whose target does not exist`);
  await makeDirectory(path, 0o755);
  // Not the mode of `makeDirectory`, which the process's umask narrows. Guests that have the directory above may have put a link in
  // its place, whose target's mode is nobody's to change.
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    await handle.chmod(0o755);
  } finally {
    await handle.close();
  }
}

async function createFile(path: string): Promise<void> {
  if ((await statIfPresent(path)) !== undefined) return;
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(path, "ax", 0o644);
  } catch (error) {
    // Made meanwhile by somebody else: the type check judges it.
    if (errorCode(error) === "EEXIST") return;
    throw error;
  }
  try {
    await handle.chmod(0o644);
  } finally {
    await handle.close();
  }
}
