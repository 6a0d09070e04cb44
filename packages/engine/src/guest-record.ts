import { readFileSync } from "node:fs";
import { EngineError } from "./errors.ts";
import type { GuestExit, GuestState } from "./guest.ts";
import { guestFiles } from "./guest-directory.ts";
import { writeFileAtomic } from "./platform/atomic-file.ts";

const idPattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/** Returns `id` when it can be a file name; throws `EngineError` of code `InvalidArgument` otherwise. */
export function checkId(kind: "sandbox" | "guest", id: string): string {
  if (idPattern.test(id)) return id;
  throw new EngineError(
    "InvalidArgument",
    `Cannot use ${JSON.stringify(id)} as ${kind} ID: 1 to 128 letters, digits, ".", "_" or "-" are needed, a letter or digit first`,
  );
}

/**
 * Notes what is known of a guest in its directory. The guest's process does before it announces a change, and the engine when the
 * process has died, so the record is the truth for everybody. It holds no environment and no arguments.
 */
export function writeGuestRecord(directory: string, state: GuestState): void {
  writeFileAtomic(guestFiles.state(directory), `${JSON.stringify(state)}\n`);
}

/** Undefined when there is none; a file that does not hold one counts as none, as only a crash of the machine leaves such. */
export function readGuestRecord(directory: string): GuestState | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(guestFiles.state(directory), "utf8"));
    return isGuestState(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isGuestState(value: unknown): value is GuestState {
  if (typeof value !== "object" || value === null) return false;
  const { id, state, spec, exit } = value as Partial<GuestState>;
  const known = state === "created" || state === "running" || state === "exited";
  return typeof id === "string" && known && typeof spec === "object" && spec !== null && isExit(exit);
}

function isExit(exit: GuestExit | undefined): boolean {
  return exit === undefined || (typeof exit === "object" && typeof exit.exitCode === "number");
}
