import { spawn } from "node:child_process";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, errorCode } from "@wherry/base";
import type { ContainerInstance } from "@wherry/kubernetes";
import {
  type CommandSpec,
  type ExitNote,
  type InstanceNote,
  type RunningNote,
  readNote,
  writeNote,
} from "./instance-files.ts";
import { isAlive, type ProcessIdentity, sendSignal } from "./process-identity.ts";

/** One run of a container's command. */
export interface CommandInstance extends InstanceNote {
  readonly directory: string;
  readonly running: RunningNote | undefined;
  readonly exit: ExitNote | undefined;
}

const supervisorPath = join(import.meta.dirname, "supervisor.ts");
/** Longer than a supervisor takes to end its command, which it does at once. */
const endWithinMs = 5000;
const lookEveryMs = 20;
const goneSuffix = ".gone";

/**
 * Instances of commands in a directory, which is all the state there is: `POD/CONTAINER/ATTEMPT/`. Any life of the kubelet finds there
 * what runs and what has ended.
 */
export class CommandStore {
  readonly #directory: string;
  readonly #clock: Clock;
  /** Directories of instances whose supervisor was started in this life and has not ended. */
  readonly #supervised: Set<string> = new Set();

  constructor(directory: string, clock: Clock) {
    this.#directory = directory;
    this.#clock = clock;
  }

  podDirectory(podUid: string): string {
    if (!/^[A-Za-z0-9-]{1,128}$/.test(podUid))
      throw new Error(`Cannot keep pod ${JSON.stringify(podUid)}: expected a UID`);
    return join(this.#directory, podUid);
  }

  /** UIDs of all pods of which anything is left. */
  pods(): Promise<string[]> {
    return names(this.#directory);
  }

  /** All instances of a pod, newest first, with the end of those that were lost. */
  async instances(podUid: string): Promise<CommandInstance[]> {
    const instances: CommandInstance[] = [];
    const pod = join(this.podDirectory(podUid), "containers");
    for (const container of await names(pod))
      for (const attempt of await names(join(pod, container))) {
        const directory = join(pod, container, attempt);
        // One whose removal was cut short.
        if (directory.endsWith(goneSuffix)) await this.discard(directory.slice(0, -goneSuffix.length));
        const instance = directory.endsWith(goneSuffix) ? undefined : await this.#read(directory);
        if (instance !== undefined) instances.push(instance);
      }
    return instances.sort((left, right) => right.attempt - left.attempt);
  }

  /** Makes an instance and starts its supervisor; the instance runs once its notes say so. `ended` is told of the supervisor's end. */
  async start(podUid: string, note: InstanceNote, spec: CommandSpec, ended: () => void): Promise<CommandInstance> {
    const directory = join(this.podDirectory(podUid), "containers", note.container, String(note.attempt));
    await mkdir(directory, { recursive: true, mode: 0o700 });
    writeNote(directory, "instance", note);
    const supervisor = spawn(process.execPath, ["--conditions=@wherry/source", supervisorPath, directory], {
      cwd: "/",
      env: {},
      stdio: ["pipe", "ignore", "ignore"],
      // Out of the kubelet's session and process group, so that no signal meant for it ends this too.
      detached: true,
    });
    this.#supervised.add(directory);
    const gone = () => {
      this.#supervised.delete(directory);
      ended();
    };
    supervisor.once("exit", gone);
    supervisor.once("error", gone);
    supervisor.stdin.on("error", () => undefined);
    supervisor.stdin.end(JSON.stringify(spec));
    supervisor.unref();
    return { ...note, directory, running: undefined, exit: undefined };
  }

  /** Removes an instance, by force where it runs; afterwards nothing of it can start any more. */
  async discard(directory: string): Promise<void> {
    // Moved before anything else: a supervisor that is only starting finds no place to say so, and ends.
    const moved = directory + goneSuffix;
    try {
      await rename(directory, moved);
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
    }
    const supervisor = readNote(moved, "supervisor");
    const command = readNote(moved, "running")?.command;
    if (supervisor !== undefined) await this.#end(supervisor);
    if (command !== undefined) sendSignal(command, "SIGKILL", { group: true });
    await rm(moved, { recursive: true, force: true });
    this.#supervised.delete(directory);
  }

  /** Removes a pod and everything of it. */
  async remove(podUid: string): Promise<void> {
    const pod = this.podDirectory(podUid);
    for (const container of await names(join(pod, "containers")))
      for (const attempt of await names(join(pod, "containers", container)))
        await this.discard(join(pod, "containers", container, attempt.replace(goneSuffix, "")));
    await rm(pod, { recursive: true, force: true });
  }

  async #read(directory: string): Promise<CommandInstance | undefined> {
    const note = readNote(directory, "instance");
    const supervisor = readNote(directory, "supervisor");
    const supervised = this.#supervised.has(directory) || (supervisor !== undefined && isAlive(supervisor));
    // Read after its supervisor was seen alive or dead: a dead one writes nothing more.
    const running = readNote(directory, "running");
    const exit = readNote(directory, "exit");
    if (note !== undefined && (supervised || exit !== undefined)) return { ...note, directory, running, exit };
    if (note !== undefined && running !== undefined) return this.#lost({ ...note, directory, running, exit });
    // The kubelet, or the supervisor, died before there was anything to supervise.
    await this.discard(directory);
    return undefined;
  }

  /** The supervisor was killed: nobody knows how the command ends, so it has to end now. */
  #lost(instance: CommandInstance & { readonly running: RunningNote }): CommandInstance {
    sendSignal(instance.running.command, "SIGKILL", { group: true });
    const { startedAtMs } = instance.running;
    const message = "The supervisor of the command ended before it";
    const exit: ExitNote = { exitCode: 137, reason: "Error", message, startedAtMs, finishedAtMs: this.#clock.now() };
    writeNote(instance.directory, "exit", exit);
    return { ...instance, exit };
  }

  async #end(supervisor: ProcessIdentity): Promise<void> {
    sendSignal(supervisor, "SIGTERM");
    for (let waitedMs = 0; isAlive(supervisor); waitedMs += lookEveryMs) {
      if (waitedMs > endWithinMs) sendSignal(supervisor, "SIGKILL");
      await this.#clock.sleep(lookEveryMs);
    }
  }
}

/** The instance as the kubelet's rules take it. */
export function asContainerInstance(instance: CommandInstance, podUid: string): ContainerInstance {
  const { container, attempt, image, running, exit, createdAtMs } = instance;
  return {
    id: `command://${containerId(podUid, instance)}`,
    name: container,
    attempt,
    state: exit !== undefined ? "exited" : running !== undefined ? "running" : "created",
    createdAtMs,
    startedAtMs: exit?.startedAtMs ?? running?.startedAtMs ?? 0,
    finishedAtMs: exit?.finishedAtMs ?? 0,
    exitCode: exit?.exitCode ?? 0,
    reason: exit?.reason ?? "",
    message: exit?.message ?? "",
    image,
    imageRef: "",
  };
}

export function containerId(podUid: string, { container, attempt }: InstanceNote): string {
  return `${podUid}-${container}-${attempt}`;
}

async function names(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}
