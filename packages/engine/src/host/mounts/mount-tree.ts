import { statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { errorCode } from "@wherry/base";
import { type DirectoryHandle, type FileSystem, hostFileSystem, readOnlyFileSystem } from "@wherry/wasi";
import type { GuestMount } from "../../guest.ts";
import { RefusedGuestError } from "../load-module.ts";
import { MountDirectory } from "./mount-directory.ts";

/** What is mounted at a place: a directory, or one file of a directory. */
export type MountSource =
  | { readonly kind: "directory"; readonly root: DirectoryHandle }
  | { readonly kind: "file"; readonly root: DirectoryHandle; readonly name: string };

/** A place in a guest's tree that is a mount, or leads to one. */
export interface MountNode {
  source: MountSource | undefined;
  readonly children: Map<string, MountNode>;
}

/**
 * The files of a guest: one tree from `/` that holds each mount at its path, nested ones and single files included.
 *
 * Directories that only lead to mounts are empty and read-only. A mount point cannot be renamed or removed (EBUSY), and a later
 * mount hides an earlier one at the same path, as with mount(2).
 */
export class MountTree implements FileSystem {
  readonly #root: MountNode;

  /** Opens all sources; throws `RefusedGuestError` for one that is not there. */
  constructor(mounts: readonly GuestMount[]) {
    this.#root = emptyNode();
    for (const mount of mounts) place(this.#root, mount.guestPath).source = openSource(mount);
  }

  openRoot(): DirectoryHandle {
    const { source } = this.#root;
    return new MountDirectory(this.#root, source?.kind === "directory" ? source.root.duplicate() : undefined);
  }
}

function emptyNode(): MountNode {
  return { source: undefined, children: new Map() };
}

function place(root: MountNode, path: string): MountNode {
  let node = root;
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment === "..") throw new RefusedGuestError(`Cannot mount at "${path}": the path has a ".." in it`);
    let child = node.children.get(segment);
    if (child === undefined) {
      child = emptyNode();
      node.children.set(segment, child);
    }
    node = child;
  }
  return node;
}

function openSource({ guestPath, hostPath, readOnly }: GuestMount): MountSource {
  const limited = (fs: FileSystem) => (readOnly ? readOnlyFileSystem(fs) : fs);
  try {
    if (statSync(hostPath).isDirectory())
      return { kind: "directory", root: limited(hostFileSystem(hostPath)).openRoot() };
    if (guestPath.replaceAll("/", "") === "") throw new RefusedGuestError(`Cannot mount file "${hostPath}" at "/"`);
    // The directory's handle is kept, so that a file replaced by rename is seen anew, as config maps are.
    const root = limited(hostFileSystem(dirname(hostPath))).openRoot();
    return { kind: "file", root, name: basename(hostPath) };
  } catch (error) {
    if (error instanceof RefusedGuestError) throw error;
    const why = errorCode(error) ?? (error instanceof Error ? error.message : String(error));
    throw new RefusedGuestError(`Cannot mount "${hostPath}" at "${guestPath}": ${why}`);
  }
}
