import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { LoggedProcess } from "./logged-process.ts";
import { eventually, PeerProcess } from "./peer-process.ts";
import { childPids, descendantPids } from "./process-tree.ts";

const execFileAsync = promisify(execFile);

export interface ProcessEnclosureOptions {
  /** What failures call it. */
  readonly name: string;
  /** Directory for its log, made by the caller and removed after. */
  readonly directory: string;
  /** What its programs see in the place of a file or directory of the machine. */
  readonly binds: readonly { readonly source: string; readonly target: string }[];
}

export interface EnclosedProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly logPath: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A program in an enclosure. */
export interface EnclosedProcess {
  /** As seen from outside. */
  readonly pid: number;
  readonly running: boolean;
  /** Aborts when it has ended. */
  readonly ended: AbortSignal;
  /** Sends `signal` and waits for the end; SIGKILL after ten seconds. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Processes that lose their parent become children of the last program; as it ignores SIGCHLD, the kernel keeps no zombies of them. */
const init = `
set -e
while [ $# -gt 0 ]; do mount --bind "$1" "$2"; shift 2; done
echo ready
exec env --ignore-signal=CHLD cat
`;

/**
 * Programs with mounts and process numbers of their own, for daemons that write to fixed paths and leave processes and mounts behind.
 *
 * Its end, and that of the process that started it, ends all of them with whatever they started, and takes their mounts. The network and
 * the cgroups are the machine's. Needs root, util-linux and coreutils.
 */
export class ProcessEnclosure implements AsyncDisposable {
  readonly #outer: LoggedProcess;
  readonly #initPid: number;

  private constructor(outer: LoggedProcess, initPid: number) {
    this.#outer = outer;
    this.#initPid = initPid;
  }

  static async start(options: ProcessEnclosureOptions): Promise<ProcessEnclosure> {
    const namespaces = ["--mount", "--propagation=private", "--pid", "--fork", "--kill-child", "--mount-proc"];
    const outer = await LoggedProcess.start({
      name: options.name,
      command: "unshare",
      args: [
        ...namespaces,
        "--",
        ...["sh", "-c", init, "init"],
        ...options.binds.flatMap(({ source, target }) => [source, target]),
      ],
      logPath: join(options.directory, "enclosure.log"),
    });
    try {
      await outer.line("that its mounts are made", (line) => (line === "ready" ? true : undefined));
      const [initPid] = childPids(outer.pid);
      if (initPid === undefined) throw new Error(`Cannot find the first process of ${options.name}: it has ended`);
      return new ProcessEnclosure(outer, initPid);
    } catch (error) {
      await outer.stop("SIGKILL");
      throw error;
    }
  }

  /** Starts a program; its output goes to a file. */
  async start(options: EnclosedProcessOptions): Promise<EnclosedProcess> {
    const { command, args, ...rest } = options;
    const entering = await PeerProcess.start({ ...rest, command: "nsenter", args: this.#enter(command, args) });
    let pid: number | undefined;
    try {
      await eventually(`the start of ${command} (log: ${options.logPath})`, () => {
        pid = childPids(entering.pid)[0];
        return pid !== undefined || !entering.running;
      });
    } catch (error) {
      await entering.stop("SIGKILL");
      throw error;
    }
    if (pid === undefined) throw new Error(`Cannot start ${command}: it ended at once (log: ${options.logPath})`);
    const innerPid = pid;
    return {
      pid: innerPid,
      ended: entering.ended,
      get running() {
        return entering.running;
      },
      async stop(signal = "SIGTERM") {
        // The one that entered ends with what it started, and only then: signals are not for it.
        const send = (name: NodeJS.Signals) => {
          if (entering.running && childPids(entering.pid).includes(innerPid)) process.kill(innerPid, name);
        };
        send(signal);
        const timer = setTimeout(() => send("SIGKILL"), 10_000);
        await entering.exited;
        clearTimeout(timer);
      },
    };
  }

  /** Runs a program to its end and answers what it printed; throws with its words when it fails. */
  async run(command: string, args: readonly string[]): Promise<string> {
    const { stdout } = await execFileAsync("nsenter", this.#enter(command, args), { maxBuffer: 16 * 1024 * 1024 });
    return stdout;
  }

  /** The processes that have lost the program that started them, and theirs: what daemonized. */
  orphanPids(): number[] {
    return descendantPids(this.#initPid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The first process ends when all others have, and the one that waits for it after that.
    if (childPids(this.#outer.pid).includes(this.#initPid)) process.kill(this.#initPid, "SIGKILL");
    await this.#outer.exited;
  }

  #enter(command: string, args: readonly string[]): string[] {
    return ["--target", String(this.#initPid), "--mount", "--pid", "--", command, ...args];
  }
}
