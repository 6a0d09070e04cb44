import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Payload } from "../../src/volumes/atomic-writer.ts";

/** What somebody who opens the names of a volume sees: path → `mode content`. Links that lead nowhere are no files. */
export async function volumeView(directory: string): Promise<Record<string, string>> {
  const view: Record<string, string> = {};
  const visit = async (relative: string): Promise<void> => {
    const path = join(directory, relative);
    const info = await stat(path).catch(() => undefined);
    if (info === undefined) return;
    if (info.isDirectory()) {
      for (const name of await readdir(path)) await visit(relative === "" ? name : `${relative}/${name}`);
      return;
    }
    view[relative] = `${(info.mode & 0o777).toString(8)} ${await readFile(path, "latin1")}`;
  };
  for (const name of await readdir(directory)) if (!name.startsWith("..")) await visit(name);
  return view;
}

export function payloadView(payload: Payload): Record<string, string> {
  return Object.fromEntries(
    [...payload].map(([path, { mode, data }]) => [path, `${mode.toString(8)} ${Buffer.from(data).toString("latin1")}`]),
  );
}

export function payloadOf(files: Readonly<Record<string, string | { data: string; mode: number }>>): Payload {
  return new Map(
    Object.entries(files).map(([path, file]) => {
      const { data, mode } = typeof file === "string" ? { data: file, mode: 0o644 } : file;
      return [path, { data: Buffer.from(data), mode }];
    }),
  );
}
