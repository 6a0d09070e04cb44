import { open } from "node:fs/promises";

import { errorCode } from "@wherry/base";

import { ClientConfigError } from "../errors.ts";

// The largest real kubeconfigs, with hundreds of clusters, stay below this.
const maxFileBytes = 8 * 2 ** 20;

/** Reads a text file of at most 8 MiB; `what` says in messages what it is. */
export async function readSmallFile(path: string, what: string, options?: { optional?: false }): Promise<string>;
export async function readSmallFile(
  path: string,
  what: string,
  options: { optional: boolean },
): Promise<string | undefined>;
export async function readSmallFile(
  path: string,
  what: string,
  options: { optional?: boolean } = {},
): Promise<string | undefined> {
  try {
    await using file = await open(path, "r");
    const { size } = await file.stat();
    if (size > maxFileBytes)
      throw new ClientConfigError(`Cannot read ${what} ${path}: it has ${size} bytes, want at most ${maxFileBytes}`);
    return await file.readFile("utf8");
  } catch (error) {
    if (error instanceof ClientConfigError) throw error;
    if (options.optional && errorCode(error) === "ENOENT") return undefined;
    throw new ClientConfigError(`Cannot read ${what} ${path}`, { cause: error });
  }
}
