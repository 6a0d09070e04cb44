import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, errorMessage } from "@wherry/base";

const maxFileBytes = 1024 * 1024;
const maxFiles = 1000;

/** A manifest as found: its text, or why it cannot be read. */
export type ManifestFile =
  | { readonly path: string; readonly text: string }
  | { readonly path: string; readonly problem: string };

/**
 * Reads all manifests at `path`, a file or a directory whose files are taken in the order of their names. Files that begin with a
 * dot and directories within are left out; symbolic links are followed. Where nothing is there, there are no manifests.
 *
 * Rejects where the directory cannot be read, so that nothing may be concluded from it.
 */
export async function readManifests(path: string): Promise<ManifestFile[]> {
  let names: string[] | undefined;
  try {
    if ((await stat(path)).isDirectory()) names = await readdir(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
  if (names === undefined) return [await readManifest(path)].filter((file) => file !== undefined);
  const visible = names.filter((name) => !name.startsWith(".")).sort();
  if (visible.length > maxFiles)
    throw new Error(`it has ${visible.length} entries, more than ${maxFiles}; keep only manifests there`);
  const files: ManifestFile[] = [];
  for (const name of visible) {
    const file = await readManifest(join(path, name));
    if (file !== undefined) files.push(file);
  }
  return files;
}

/** Undefined for what is gone meanwhile and for what is no file. */
async function readManifest(path: string): Promise<ManifestFile | undefined> {
  try {
    // Looked at before it is opened: opening a pipe would wait for its other end.
    const found = await stat(path);
    if (found.isDirectory()) return undefined;
    if (!found.isFile()) return { path, problem: "it is no regular file" };
    await using file = await open(path);
    const buffer = Buffer.alloc(maxFileBytes + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    if (length > maxFileBytes) return { path, problem: `it has more than ${maxFileBytes} bytes` };
    return { path, text: buffer.toString("utf8", 0, length) };
  } catch (error) {
    return errorCode(error) === "ENOENT" ? undefined : { path, problem: errorMessage(error) };
  }
}
