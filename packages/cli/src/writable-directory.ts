import { access, constants, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode, errorMessage, WherryError } from "@wherry/base";

/**
 * Makes the directory that `flag` names where it is missing, for this user only, and checks that files can be made in it.
 *
 * Throws `WherryError` of code `DirectoryUnusable` naming flag, directory and cause.
 */
export async function makeWritableDirectory(flag: string, path: string): Promise<void> {
  await makeDirectory(flag, path);
  try {
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unusable(flag, path, error);
  }
}

/**
 * Makes the directory that `flag` names where it is missing; one that is there may be read-only.
 *
 * Throws as `makeWritableDirectory`.
 */
export async function makeDirectory(flag: string, path: string, mode = 0o700): Promise<void> {
  try {
    await makeDirectories(path, mode);
  } catch (error) {
    throw unusable(flag, path, error);
  }
}

function unusable(flag: string, path: string, cause: unknown): WherryError {
  const message = `Cannot use ${flag} "${path}": ${errorMessage(cause)}; give a directory this user can write to`;
  return new WherryError("DirectoryUnusable", message, { cause });
}

/** Not Node's `recursive`, which never ends where a file system denies the existence of what it will not make, as /proc does. */
async function makeDirectories(path: string, mode: number): Promise<void> {
  const parent = dirname(path);
  try {
    await mkdir(path, { mode });
  } catch (error) {
    const code = errorCode(error);
    if (code === "EEXIST") return;
    if (code !== "ENOENT" || parent === path) throw error;
    if (await exists(parent)) throw error;
    await makeDirectories(parent, mode);
    await mkdir(path, { mode });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
