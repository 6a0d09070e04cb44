import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "@wherry/base";
import { EngineError } from "./errors.ts";
import type { GuestExit, GuestState } from "./guest.ts";
import { writeFileAtomic } from "./platform/atomic-file.ts";

const idPattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/** Returns `id` when it can be a file name; throws `EngineError` of code `InvalidArgument` otherwise. */
export function checkId(kind: "host" | "guest", id: string): string {
  if (idPattern.test(id)) return id;
  throw new EngineError(
    "InvalidArgument",
    `Cannot use ${JSON.stringify(id)} as ${kind} ID: 1 to 128 letters, digits, ".", "_" or "-" are needed, a letter or digit first`,
  );
}

/**
 * What is known of a host's guests on disk, one file each: written by the host before it announces a change, so that it
 * outlives the host. Holds no environment and no arguments.
 */
export class GuestRecords {
  readonly #directory: string;

  /** @param hostDirectory the host's state directory; exists */
  constructor(hostDirectory: string) {
    this.#directory = join(hostDirectory, "guests");
  }

  create(): void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
  }

  write(state: GuestState): void {
    writeFileAtomic(this.#path(state.id), `${JSON.stringify(state)}\n`);
  }

  delete(id: string): void {
    rmSync(this.#path(id), { force: true });
  }

  /** All records; a file that does not hold one is passed over, as only a crash in the middle of a rename leaves such. */
  list(): GuestState[] {
    let names: string[];
    try {
      names = readdirSync(this.#directory);
    } catch (error) {
      if (errorCode(error) === "ENOENT") return [];
      throw error;
    }
    return names.flatMap((name) => (name.endsWith(".json") ? (this.#read(name) ?? []) : []));
  }

  #path(id: string): string {
    return join(this.#directory, `${checkId("guest", id)}.json`);
  }

  #read(name: string): GuestState | undefined {
    try {
      const value: unknown = JSON.parse(readFileSync(join(this.#directory, name), "utf8"));
      return isGuestState(value) && `${value.id}.json` === name ? value : undefined;
    } catch {
      return undefined;
    }
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
