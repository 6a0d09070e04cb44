import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";

/**
 * Replaces a rotated log file by `<path>.gz`.
 *
 * A crash leaves the file as it was, or both; never half of the compressed one under its name.
 */
export async function compressLog(path: string, signal: AbortSignal): Promise<void> {
  const temporary = `${path}.tmp`;
  const { mode } = await stat(path);
  try {
    const target = createWriteStream(temporary, { mode: mode & 0o777, flush: true });
    await pipeline(createReadStream(path), createGzip(), target, { signal });
    await rename(temporary, `${path}.gz`);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await rm(path, { force: true });
}
