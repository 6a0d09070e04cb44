import { statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { errorCode } from "@wherry/base";
import {
  type DirectoryHandle,
  FileError,
  type FileSystem,
  hostFileSystem,
  isLink,
  readOnlyFileSystem,
  resolveBeneath,
} from "@wherry/wasi";
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
    for (const mount of mounts) {
      const node = place(this.#root, mount.guestPath);
      const source = openSource(mount);
      checkKind(node.source, source, mount);
      node.source = source;
    }
    for (const { guestPath } of mounts) checkNesting(place(this.#root, guestPath), guestPath);
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

/** As mount(2), which puts no file over a directory and no directory over a file. */
function checkKind(before: MountSource | undefined, source: MountSource, { guestPath }: GuestMount): void {
  if (before === undefined || before.kind === source.kind) return;
  throw new RefusedGuestError(`Cannot mount a ${source.kind} at "${guestPath}": a ${before.kind} is mounted there`);
}

function checkNesting({ source, children }: MountNode, guestPath: string): void {
  const [name] = children.keys();
  if (source?.kind !== "file" || name === undefined) return;
  throw new RefusedGuestError(`Cannot mount a file at "${guestPath}": "${name}" below it leads to another mount`);
}

function openSource({ guestPath, hostPath, subPath = "", readOnly }: GuestMount): MountSource {
  const openRoot = (path: string) => {
    const fs = hostFileSystem(path);
    return (readOnly ? readOnlyFileSystem(fs) : fs).openRoot();
  };
  const shown = subPath === "" ? `"${hostPath}"` : `sub path "${subPath}" of "${hostPath}"`;
  try {
    const source = subPath === "" ? openTrusted(hostPath, openRoot) : openBeneath(openRoot(hostPath), subPath);
    if (source.kind === "directory" || guestPath.replaceAll("/", "") !== "") return source;
    source.root.close();
    throw new RefusedGuestError(`Cannot mount file ${shown} at "/"`);
  } catch (error) {
    if (error instanceof RefusedGuestError) throw error;
    throw new RefusedGuestError(`Cannot mount ${shown} at "${guestPath}": ${reasonOf(error)}`);
  }
}

function openTrusted(path: string, openRoot: (path: string) => DirectoryHandle): MountSource {
  if (statSync(path).isDirectory()) return { kind: "directory", root: openRoot(path) };
  // The directory's handle is kept, so that a file replaced by rename is seen anew, as config maps are.
  return { kind: "file", root: openRoot(dirname(path)), name: basename(path) };
}

/** By handles only: other guests may have the volume too, and put a link where a directory was a moment ago. */
function openBeneath(volume: DirectoryHandle, path: string): MountSource {
  try {
    return resolveBeneath<MountSource>(volume, path, ({ directory, name }) => {
      if (name === undefined) return { kind: "directory", root: directory.duplicate() };
      const kind = directory.lookup(name)?.kind;
      if (kind === undefined) throw new FileError("ENOENT", "it does not exist");
      if (kind === "symbolic-link") return isLink;
      if (kind === "directory") return { kind: "directory", root: directory.openDirectory(name) };
      return { kind: "file", root: directory.duplicate(), name };
    });
  } finally {
    volume.close();
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof FileError) return error.message;
  return errorCode(error) ?? (error instanceof Error ? error.message : String(error));
}
