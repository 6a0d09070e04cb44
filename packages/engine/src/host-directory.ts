import { join } from "node:path";

/** Where a host with this state directory listens. */
export function hostSocketPath(directory: string): string {
  return join(directory, "s");
}

/** Where the engine notes which process a host is. */
export function hostRecordPath(directory: string): string {
  return join(directory, "host.json");
}
