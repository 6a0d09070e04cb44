import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ProcessIdentity } from "./process-identity.ts";

/** What the kubelet knows of an instance before it starts. */
export interface InstanceNote {
  readonly container: string;
  readonly attempt: number;
  readonly image: string;
  readonly logPath: string;
  readonly createdAtMs: number;
}

export interface RunningNote {
  /** The command, leader of a process group of its own. */
  readonly command: ProcessIdentity;
  readonly startedAtMs: number;
}

export interface ExitNote {
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
}

/** What a supervisor is told on its standard input, so that no secret of the environment is written down. */
export interface CommandSpec {
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  readonly logPath: string;
}

/** The files of an instance's directory: each has one writer, is written once, and is there as a whole or not at all. */
interface Notes {
  readonly instance: InstanceNote;
  readonly supervisor: ProcessIdentity;
  readonly running: RunningNote;
  readonly exit: ExitNote;
}

export function readNote<N extends keyof Notes>(directory: string, name: N): Notes[N] | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, `${name}.json`), "utf8")) as Notes[N];
  } catch {
    return undefined;
  }
}

/** Throws Node's error, also where the directory was moved away. */
export function writeNote<N extends keyof Notes>(directory: string, name: N, note: Notes[N]): void {
  const path = join(directory, `${name}.json`);
  writeFileSync(`${path}.${process.pid}`, JSON.stringify(note), { mode: 0o600 });
  renameSync(`${path}.${process.pid}`, path);
}
