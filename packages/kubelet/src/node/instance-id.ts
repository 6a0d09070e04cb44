import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "@wherry/base";

const pattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The identity of the kubelet that owns `stateDirectory`: made at the first start, the same after every restart, another for
 * every other state directory, also of the same machine.
 */
export async function readInstanceId(stateDirectory: string): Promise<string> {
  const path = join(stateDirectory, "instance-id");
  const present = await readId(path);
  if (present !== undefined) return present;
  await mkdir(stateDirectory, { recursive: true, mode: 0o750 });
  const id = randomUUID();
  // Written beside and linked: two starts at once agree on one, and a crash leaves no half-written file.
  const temporary = `${path}.${id}`;
  await writeFile(temporary, `${id}\n`, { flag: "wx", mode: 0o640, flush: true });
  try {
    await link(temporary, path);
    return id;
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
    const winner = await readId(path);
    if (winner !== undefined) return winner;
    // What is there is no identity, e.g. emptied by a full disk; replace it.
    await writeFile(path, `${id}\n`, { mode: 0o640, flush: true });
    return id;
  } finally {
    await unlink(temporary);
  }
}

async function readId(path: string): Promise<string | undefined> {
  try {
    const text = (await readFile(path, "utf8")).trim();
    return pattern.test(text) ? text : undefined;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
