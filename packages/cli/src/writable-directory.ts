import { access, constants, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode, errorMessage, WherryError } from "@wherry/base";

/**
 * Makes the directory that `flag` names where it is missing, for this user only, and checks that files can be made in it.
 *
 * Throws `WherryError` of code `DirectoryUnusable` naming flag, directory and cause.
 */
export async function makeWritableDirectory(flag: string, path: string): Promise<void> {
  try {
    await makeDirectories(path);
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new WherryError(
      "DirectoryUnusable",
      `Cannot use ${flag} "${path}": ${errorMessage(error)}; give a directory this user can write to`,
      { cause: error },
    );
  }
}

/** Not Node's `recursive`, which never ends where a file system denies the existence of what it will not make, as /proc does. */
async function makeDirectories(path: string): Promise<void> {
  const parent = dirname(path);
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const code = errorCode(error);
    if (code === "EEXIST") return;
    if (code !== "ENOENT" || parent === path) throw error;
    if (await exists(parent)) throw error;
    await makeDirectories(parent);
    await mkdir(path, { mode: 0o700 });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
