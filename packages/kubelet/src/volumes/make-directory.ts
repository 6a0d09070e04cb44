import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode } from "@wherry/base";

/**
 * Makes a directory and its missing parents, all with `mode` narrowed by the umask; one that is there is left as it is.
 *
 * Unlike `mkdir` with `recursive`, which answers ENOENT for any failure of a parent (Node 26), it rejects with the real cause.
 */
export async function makeDirectory(path: string, mode: number): Promise<void> {
  if (await tryMake(path, mode)) return;
  await makeDirectory(dirname(path), mode);
  if (await tryMake(path, mode)) return;
  await mkdir(path, { mode });
}

/** False when the parent is missing. */
async function tryMake(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode });
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return true;
    if (errorCode(error) === "ENOENT" && dirname(path) !== path) return false;
    throw error;
  }
}
