import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** What `node:ffi` is used for here; its types are younger than those of Node that we compile against. */
interface Ffi {
  dlopen(
    path: string | null,
    signatures: Readonly<Record<string, { arguments: readonly string[]; return: string }>>,
  ): { readonly functions: Readonly<Record<string, (...values: unknown[]) => unknown>> };
}

/** `MADV_DOFORK` of madvise(2). */
const doFork = 11;

/** A line of /proc/PID/maps with private memory of no file: addresses, permissions, offset, device, inode 0, no kernel page. */
const privateMapping = /^([0-9a-f]+)-([0-9a-f]+) ...p \S+ \S+ 0(?: +\[(?!v)\S*)? *$/gm;

/** How often to start again when something moved, which a garbage collection or a growing heap makes it do. */
const maxTries = 20;

const sigkill = 9;

/** `WNOHANG` of waitpid(2). */
const noHang = 1;

export interface ReapedProcess {
  readonly pid: number;
  readonly code: number | undefined;
  readonly signal: number | undefined;
}

/**
 * fork(2) for a Node process of a single V8 thread.
 *
 * Node has no such function, and V8 takes its heap out of what a child gets (`MADV_DONTFORK`), as for a child that only calls
 * exec it would be copied in vain. Both are system calls away. A child is only good when nothing was under way at that moment,
 * so the parent looks before and after, and throws the child away when something moved:
 * - memory that V8 took since its heap was made inheritable would be missing in the child, which crashes sooner or later;
 * - a helper thread of the platform that ran may have held a lock, which nobody in the child will ever give back.
 *
 * The rest is taken care of elsewhere: `--single-threaded` leaves no work to threads that the child lacks, libuv renews its loop by
 * `uv_loop_fork`, and the C library and OpenSSL renew their own state.
 */
export class SelfFork {
  readonly #functions: Readonly<Record<string, (...values: unknown[]) => unknown>>;
  readonly #loop: unknown;

  /** Throws where Node has no foreign function interface, or the symbols are not there. */
  constructor() {
    // Not a plain import: a Node without the module must be able to load this file.
    const ffi = createRequire(import.meta.url)("node:ffi") as Ffi;
    this.#functions = ffi.dlopen(null, {
      fork: { arguments: [], return: "i32" },
      getpid: { arguments: [], return: "i32" },
      kill: { arguments: ["i32", "i32"], return: "i32" },
      setsid: { arguments: [], return: "i32" },
      _exit: { arguments: ["i32"], return: "void" },
      waitpid: { arguments: ["i32", "buffer", "i32"], return: "i32" },
      madvise: { arguments: ["u64", "u64", "i32"], return: "i32" },
      uv_default_loop: { arguments: [], return: "u64" },
      uv_loop_fork: { arguments: ["u64"], return: "i32" },
    }).functions;
    this.#loop = this.#call("uv_default_loop");
  }

  /**
   * Splits this process in two. Answers the child's number in the parent and 0 in the child, which is in a session of its own
   * with a working event loop. Never call it from a callback of the loop's polling phase, only from `setImmediate`.
   */
  fork(): number {
    for (let tries = 0; tries < maxTries; tries++) {
      const before = this.#prepare();
      const pid = before === undefined ? undefined : Number(this.#call("fork"));
      if (pid === 0) return this.#enterChild();
      if (pid === undefined) continue;
      if (pid < 0) throw new Error("Cannot fork: the system is out of processes or memory");
      if (snapshot() === before) return pid;
      this.#call("kill", pid, sigkill);
    }
    throw new Error(`Cannot fork: the process did not come to rest in ${maxTries} tries`);
  }

  /** Number of this process; `process.pid` is the template's for ever. */
  pid(): number {
    return Number(this.#call("getpid"));
  }

  /** The next child that has ended, without waiting. */
  reap(): ReapedProcess | undefined {
    const status = Buffer.alloc(4);
    const pid = Number(this.#call("waitpid", -1, status, noHang));
    if (pid <= 0) return undefined;
    const value = status.readInt32LE();
    const signal = value & 0x7f;
    return signal === 0 ? { pid, code: (value >> 8) & 0xff, signal: undefined } : { pid, code: undefined, signal };
  }

  /** Ends the process at once; the usual way out waits for threads that a child does not have. */
  exit(code: number): never {
    this.#call("_exit", code);
    throw new Error("The process goes on after _exit");
  }

  #enterChild(): 0 {
    this.#call("setsid");
    if (Number(this.#call("uv_loop_fork", this.#loop)) !== 0) this.exit(70);
    return 0;
  }

  /** Takes back `MADV_DONTFORK` from all private memory; answers what must not change until after the fork. */
  #prepare(): string | undefined {
    let maps = readMaps();
    for (let tries = 0; tries < maxTries; tries++) {
      for (const [, start, end] of maps.matchAll(privateMapping)) {
        const address = BigInt(`0x${start}`);
        this.#call("madvise", address, BigInt(`0x${end}`) - address, doFork);
      }
      const before = maps;
      const state = snapshot();
      maps = readMaps();
      if (maps === before) return state;
    }
    return undefined;
  }

  #call(name: string, ...values: unknown[]): unknown {
    return this.#functions[name]?.(...values);
  }
}

function readMaps(): string {
  return readFileSync("/proc/self/maps", "utf8");
}

/** All mappings, and how often each other thread has run; undefined while one of them runs. */
function snapshot(): string | undefined {
  const threads: string[] = [];
  for (const name of readdirSync("/proc/self/task")) {
    if (name === String(process.pid)) continue;
    const status = readFileSync(`/proc/self/task/${name}/status`, "utf8");
    if (!/^State:\tS/m.test(status)) return undefined;
    threads.push(...[name, ...(status.match(/^(?:non)?voluntary_ctxt_switches:.*$/gm) ?? [])]);
  }
  return `${readMaps()}${threads.join("\n")}`;
}
