import { constants } from "node:fs";
import { open, readdir, realpath } from "node:fs/promises";
import { join, posix } from "node:path";
import { errorCode } from "@wherry/base";
import type { Container, EphemeralContainer } from "@wherry/kubernetes";
import type { Mount } from "@wherry/runtime";
import { segment } from "../ports/log-paths.ts";
import { makeDirectory } from "./make-directory.ts";
import { containerDirectory } from "./pod-paths.ts";
import { removeTree } from "./remove-tree.ts";
import { VolumeFault } from "./volume-fault.ts";

/** Bytes of a termination message that are read; upstream's limit. */
export const maxTerminationMessageBytes = 4096;

const defaultTerminationMessagePath = "/dev/termination-log";

/** Files into which containers write why they end, at `pods/<uid>/containers/<container>/<instance>` below the root directory. */
export interface TerminationLogs {
  /**
   * Makes the file of a new instance and says how the container sees it. Idempotent; a file with content is left alone.
   *
   * @param instance tells instances of a container apart, e.g. the restart count
   * @throws VolumeFault for a `terminationMessagePath` that cannot be mounted at
   */
  prepare(podUid: string, container: Container | EphemeralContainer, instance: string): Promise<Mount>;
  /** The last 4096 bytes that the instance wrote; empty when it wrote nothing or the file is gone. */
  read(podUid: string, containerName: string, instance: string): Promise<string>;
  /** Removes the files of a container's other instances. */
  prune(podUid: string, containerName: string, keep: ReadonlySet<string>): Promise<void>;
}

/** @param rootDirectory the kubelet's; created if missing */
export function createTerminationLogs(rootDirectory: string): TerminationLogs {
  // Containers get paths without links: a runtime may then refuse to follow any.
  let resolving: Promise<string> | undefined;
  const root = () => {
    resolving ??= makeDirectory(rootDirectory, 0o750).then(() => realpath(rootDirectory));
    return resolving;
  };
  return {
    async prepare(podUid, container, instance) {
      const containerPath = mountPath(container);
      const directory = containerDirectory(await root(), podUid, container.name);
      await makeDirectory(directory, 0o750);
      const hostPath = join(directory, segment(instance));
      const handle = await open(
        hostPath,
        constants.O_CREAT | constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
        0o666,
      );
      try {
        // Containers of any user write to it, whatever the process's umask.
        await handle.chmod(0o666);
      } finally {
        await handle.close();
      }
      return { containerPath, hostPath, readOnly: false, propagation: "private" };
    },

    async read(podUid, containerName, instance) {
      return readTail(join(containerDirectory(await root(), podUid, containerName), segment(instance)));
    },

    async prune(podUid, containerName, keep) {
      const directory = containerDirectory(await root(), podUid, containerName);
      let names: string[];
      try {
        names = await readdir(directory);
      } catch (error) {
        if (errorCode(error) === "ENOENT") return;
        throw error;
      }
      for (const name of names) if (!keep.has(name)) await removeTree(directory, name);
    },
  };
}

function mountPath({ name, terminationMessagePath }: Container | EphemeralContainer): string {
  const path = terminationMessagePath || defaultTerminationMessagePath;
  // Upstream takes relative paths and those with "..", both from the root.
  const clean = posix.resolve("/", path);
  if (clean === "/" || clean.includes("\0"))
    throw new VolumeFault(
      "InvalidVolume",
      `container "${name}" has terminationMessagePath ${JSON.stringify(path)}; expected the path of a file`,
    );
  return clean;
}

/** Whatever the container made of its file: only a regular file is read, and never more than the limit. */
async function readTail(path: string): Promise<string> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ELOOP") return "";
    throw error;
  }
  try {
    const info = await handle.stat();
    if (!info.isFile()) return "";
    const length = Math.min(info.size, maxTerminationMessageBytes);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, info.size - length);
    return buffer.subarray(0, bytesRead).toString("utf8");
  } finally {
    await handle.close();
  }
}
