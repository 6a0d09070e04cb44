import { join } from "node:path";

/** What the directory of one guest holds, whoever looks at it: the engine or the guest's process. */
export const guestFiles = {
  /** Where the guest's process listens once the engine that started it is gone. */
  socket: (directory: string): string => join(directory, "s"),
  /** Which process the guest has; the engine's note. */
  process: (directory: string): string => join(directory, "process.json"),
  /** The guest's state; see `guest-record.ts`. */
  state: (directory: string): string => join(directory, "guest.json"),
  /** Lines that the guest has begun and not ended. */
  unfinished: (directory: string): string => join(directory, "unfinished"),
} as const;
