import { randomUUID } from "node:crypto";
import { open, readdir, rename, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, errorMessage, type Logger } from "@wherry/base";
import type { PodAllocation } from "@wherry/kubernetes";
import type { Allocations } from "../ports/allocations.ts";
import { makeDirectory } from "../volumes/make-directory.ts";
import { podDirectory, podsDirectory } from "../volumes/pod-paths.ts";

const fileName = "allocation.json";
/** Far more than a pod of the largest size the API takes can need. */
const maxBytes = 1024 * 1024;

/**
 * Opens the allocations of a kubelet: one file for each pod, in the pod's directory below the root directory, which goes when
 * the pod has ended. A file that cannot be understood is logged and counts as none.
 */
export async function openAllocations(rootDirectory: string, logger: Logger): Promise<Allocations> {
  const known = new Map<string, PodAllocation>();
  for (const podUid of await entries(podsDirectory(rootDirectory))) {
    try {
      const allocation = await read(join(podsDirectory(rootDirectory), podUid, fileName));
      if (allocation !== undefined) known.set(podUid, allocation);
    } catch (error) {
      logger.warn("Cannot read what a pod was given, it gets what its spec says", {
        podUid,
        error: errorMessage(error),
      });
    }
  }
  return {
    get: (podUid) => known.get(podUid),
    async set(podUid, allocation) {
      const directory = podDirectory(rootDirectory, podUid);
      await makeDirectory(directory, 0o750);
      // Not flushed: what a failing machine would lose ends with it, for then every container starts anew.
      const temporary = join(directory, `${fileName}.${randomUUID()}`);
      try {
        await writeFile(temporary, JSON.stringify(allocation), { flag: "wx", mode: 0o640 });
        await rename(temporary, join(directory, fileName));
      } catch (error) {
        await unlink(temporary).catch(() => undefined);
        throw error;
      }
      known.set(podUid, allocation);
    },
    forget: (podUid) => void known.delete(podUid),
  };
}

async function entries(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}

async function read(path: string): Promise<PodAllocation | undefined> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return undefined;
    throw error;
  }
  try {
    const { size } = await handle.stat();
    if (size > maxBytes) throw new Error(`"${path}" has ${size} bytes, at most ${maxBytes} are expected`);
    const value: unknown = JSON.parse(await handle.readFile("utf8"));
    if (!isAllocation(value)) throw new Error(`"${path}" holds no amounts of resources of a pod and its containers`);
    return value;
  } finally {
    await handle.close();
  }
}

function isAllocation(value: unknown): value is PodAllocation {
  if (!isObject(value)) return false;
  const { resources, containers } = value;
  return (
    (resources === undefined || isRequirements(resources)) &&
    isObject(containers) &&
    Object.values(containers).every(isRequirements)
  );
}

function isRequirements(value: unknown): boolean {
  return isObject(value) && [value["limits"], value["requests"]].every(isAmounts);
}

function isAmounts(value: unknown): boolean {
  return value === undefined || (isObject(value) && Object.values(value).every((amount) => typeof amount === "string"));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
