import { type FSWatcher, watch } from "node:fs";

/** Tells the name of what changed in a directory; the answer ends it. Says nothing where it cannot tell. */
export type WatchDirectory = (directory: string, onChange: (name: string) => void) => () => void;

/** Notifications of the file system. */
export const watchFileSystem: WatchDirectory = (directory, onChange) => {
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(directory, { persistent: false }, (_, name) => onChange(name ?? ""));
    watcher.on("error", () => watcher?.close());
  } catch {
    // Out of watches, or nothing is there yet: whoever watches looks from time to time anyway.
  }
  return () => watcher?.close();
};
