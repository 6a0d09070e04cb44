import { renameSync, unlinkSync, writeFileSync } from "node:fs";

/**
 * Replaces a file's content in one step: readers see the old text or the new one, also after a crash of this process.
 *
 * Synchronous on purpose: records are small and must be on disk before what they record is announced. Not flushed to the
 * medium: what is recorded does not outlive the machine's running.
 */
export function writeFileAtomic(path: string, text: string): void {
  const temporary = `${path}.new`;
  try {
    writeFileSync(temporary, text, { mode: 0o600 });
    renameSync(temporary, path);
  } catch (error) {
    try {
      unlinkSync(temporary);
    } catch {
      // It may never have existed; the first failure is the one that counts.
    }
    throw error;
  }
}
