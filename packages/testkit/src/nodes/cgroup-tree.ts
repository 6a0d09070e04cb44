import { readdirSync, readFileSync } from "node:fs";
import { mkdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { eventually } from "../processes/peer-process.ts";

/** A cgroup below which another program makes its own, in every hierarchy of the machine; it goes with all that is in it. */
export class CgroupTree implements AsyncDisposable {
  /** As kubelets and runtimes spell it: from the root of a hierarchy. */
  readonly path: string;
  readonly #directories: readonly string[];

  private constructor(path: string, directories: readonly string[]) {
    this.path = path;
    this.#directories = directories;
  }

  /** Version 1 where the machine mounts it, else version 2 with every controller there is. */
  static async create(name: string): Promise<CgroupTree> {
    const mounts = hierarchies();
    const first = mounts.filter(({ version }) => version === 1);
    const used = first.length > 0 ? first : mounts;
    if (used.length === 0) throw new Error(`Cannot make the cgroup "${name}": /proc/self/mountinfo has no hierarchy`);
    const tree = new CgroupTree(
      `/${name}`,
      mounts.map(({ directory }) => join(directory, name)),
    );
    try {
      for (const { directory, version } of used) {
        if (version === 2) await enableControllers(directory);
        await mkdir(join(directory, name));
        if (version === 2) await enableControllers(join(directory, name));
      }
      return tree;
    } catch (error) {
      await tree[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Removes it; the processes in it must have been ended, though the kernel may still be busy with them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await eventually(`the removal of the cgroup "${this.path}"`, async () => {
      for (const directory of this.#directories) await removeTree(directory);
      return true;
    });
  }
}

function hierarchies(): { readonly directory: string; readonly version: 1 | 2 }[] {
  const lines = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  return lines.flatMap((line) => {
    const [place = "", source = ""] = line.split(" - ");
    const type = source.split(" ")[0];
    const directory = place.split(" ")[4];
    if (directory === undefined || (type !== "cgroup" && type !== "cgroup2")) return [];
    return [{ directory, version: type === "cgroup" ? 1 : 2 }];
  });
}

async function enableControllers(directory: string): Promise<void> {
  const names = (await readFile(join(directory, "cgroup.controllers"), "utf8")).split(/\s+/).filter(Boolean);
  await writeFile(join(directory, "cgroup.subtree_control"), names.map((name) => `+${name}`).join(" "));
}

async function removeTree(directory: string): Promise<void> {
  for (const child of subdirectories(directory)) await removeTree(join(directory, child));
  await rmdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
}

function subdirectories(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}
