import { lstat, opendir, rmdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "@wherry/base";

/**
 * Removes what is at a path with all below it; what is missing, or removed by somebody else at the same time, is well.
 *
 * One entry after the other: Node's own `rm` asks for all entries of a directory at once, which for a million of them takes
 * a gigabyte and seconds of the event loop. Nobody may make anything below the path meanwhile.
 */
export async function removeTree(path: string): Promise<void> {
  const stat = await unlessMissing(lstat(path));
  if (stat === undefined) return;
  if (stat.isDirectory()) await removeDirectory(path);
  else await unlessMissing(unlink(path));
}

async function removeDirectory(path: string): Promise<void> {
  for (let removed = 1; removed > 0; ) {
    removed = 0;
    const entries = await unlessMissing(opendir(path));
    if (entries === undefined) return;
    for await (const entry of entries) {
      const child = join(path, entry.name);
      await (entry.isDirectory() ? removeDirectory(child) : unlessMissing(unlink(child)));
      removed++;
    }
    // A listing may pass over entries when others go meanwhile, so it is made until it finds none.
  }
  await unlessMissing(rmdir(path));
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
