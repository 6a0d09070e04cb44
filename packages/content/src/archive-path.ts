import { ContentError } from "./errors.ts";
import { maxPathBytes } from "./layer-limits.ts";

/** `PATH_MAX` of Linux without its last zero. */
const maxTargetBytes = 4095;

/**
 * Names of a path in an archive, from the root of the tree down; empty for the root itself. A leading `/` means the root.
 *
 * Throws `ContentError` of code `UnsafeArchive` for a path that climbs with `..`, holds a NUL or is too long.
 */
export function splitArchivePath(path: string): string[] {
  if (path.includes("\0")) throw new ContentError("UnsafeArchive", "A path holds a NUL");
  if (Buffer.byteLength(path) > maxPathBytes)
    throw new ContentError("UnsafeArchive", `A path is longer than ${maxPathBytes} bytes`);
  const segments = path.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (segments.includes("..")) throw new ContentError("UnsafeArchive", "A path climbs out of the image");
  return segments;
}

/**
 * A symbolic link's target rewritten so that whoever follows it, also without knowing of the tree, stays inside: absolute
 * targets become relative to the tree's root. Undefined for one that leads out or is longer than Linux takes.
 *
 * Directories of the tree never move and the directory is given by its real names, so leading `..` count for what they are.
 * A `..` after a name could climb out through another link, and is not taken; nobody writes such links.
 * @param directory real names from the root to the directory of the link
 */
export function linkInsideTree(directory: readonly string[], target: string): string | undefined {
  if (target === "" || target.includes("\0") || Buffer.byteLength(target) > maxTargetBytes) return undefined;
  const isAbsolute = target.startsWith("/");
  const names = target.split("/").filter((segment) => segment !== "" && segment !== ".");
  const climbs = names.findIndex((segment) => segment !== "..");
  const ups = climbs < 0 ? names.length : climbs;
  const downs = names.slice(ups);
  if (downs.includes("..")) return undefined;
  // Above the root of a tree is the root again for absolute paths, as for a process confined to it.
  if (!isAbsolute && ups > directory.length) return undefined;
  const relative = isAbsolute ? [...directory.map(() => ".."), ...downs] : names;
  const text = relative.length === 0 ? "." : relative.join("/");
  return Buffer.byteLength(text) > maxTargetBytes ? undefined : text;
}
