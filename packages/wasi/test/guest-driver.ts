import type { Logger } from "@wherry/base";
import wabt from "wabt";
import {
  type ByteSink,
  createPreview1,
  type ExitStatus,
  emptySource,
  nullSink,
  type Preview1,
  type Preview1Options,
  wasm,
} from "../src/index.ts";
import { directoryRights, fileRights } from "../src/preview1/rights.ts";

/** Parameters of each function: `i` for i32, `I` for i64. */
const signatures: Readonly<Record<string, string>> = {
  args_get: "ii",
  args_sizes_get: "ii",
  clock_res_get: "ii",
  clock_time_get: "iIi",
  environ_get: "ii",
  environ_sizes_get: "ii",
  fd_advise: "iIIi",
  fd_allocate: "iII",
  fd_close: "i",
  fd_datasync: "i",
  fd_fdstat_get: "ii",
  fd_fdstat_set_flags: "ii",
  fd_fdstat_set_rights: "iII",
  fd_filestat_get: "ii",
  fd_filestat_set_size: "iI",
  fd_filestat_set_times: "iIIi",
  fd_pread: "iiiIi",
  fd_prestat_dir_name: "iii",
  fd_prestat_get: "ii",
  fd_pwrite: "iiiIi",
  fd_read: "iiii",
  fd_readdir: "iiiIi",
  fd_renumber: "ii",
  fd_seek: "iIii",
  fd_sync: "i",
  fd_tell: "ii",
  fd_write: "iiii",
  path_create_directory: "iii",
  path_filestat_get: "iiiii",
  path_filestat_set_times: "iiiiIIi",
  path_link: "iiiiiii",
  path_open: "iiiiiIIii",
  path_readlink: "iiiiii",
  path_remove_directory: "iii",
  path_rename: "iiiiii",
  path_symlink: "iiiii",
  path_unlink_file: "iii",
  poll_oneoff: "iiii",
  proc_exit: "i",
  proc_raise: "i",
  random_get: "ii",
  sched_yield: "",
  sock_accept: "iii",
  sock_recv: "iiiiii",
  sock_send: "iiiii",
  sock_shutdown: "ii",
};

/** The parameter types of a function, one letter each: `i` for i32, `I` for i64. */
export function parametersOf(name: string): string {
  return signatures[name] ?? "";
}

/** The functions of both module names; `wasi_unstable` has no `sock_accept`. */
export const functionNames: readonly string[] = Object.keys(signatures);

export type AbiName = "wasi_snapshot_preview1" | "wasi_unstable";

/** A file descriptor or pointer is a number, everything 64 bits wide a bigint. */
export type Argument = number | bigint;

/**
 * A guest whose program is a test: `_start` waits while the test calls each function of preview 1 through the module, from
 * the guest's side and with its memory.
 */
export class GuestDriver {
  readonly host: Preview1;
  readonly memory: { readonly buffer: ArrayBufferLike; grow(pages: number): number };
  readonly #exports: Readonly<Record<string, unknown>>;
  #next = 1024;

  constructor(host: Preview1, exports: Readonly<Record<string, unknown>>) {
    this.host = host;
    this.#exports = exports;
    this.memory = exports["memory"] as GuestDriver["memory"];
  }

  get view(): DataView {
    return new DataView(this.memory.buffer);
  }

  /** The errno of one call. */
  async call(name: string, ...args: Argument[]): Promise<number> {
    const entry = this.#exports[name] as (...args: never[]) => unknown;
    return (await wasm.promising(entry)(...args)) as number;
  }

  alloc(sizeBytes: number): number {
    const address = this.#next;
    this.#next = (address + sizeBytes + 7) & ~7;
    if (this.#next > this.memory.buffer.byteLength) this.memory.grow(Math.ceil(sizeBytes / 65_536) + 1);
    return address;
  }

  /** Address and length of a text in the guest's memory. */
  text(text: string | Uint8Array): [number, number] {
    const bytes = typeof text === "string" ? Buffer.from(text) : text;
    const address = this.alloc(bytes.length);
    new Uint8Array(this.memory.buffer).set(bytes, address);
    return [address, bytes.length];
  }

  bytes(address: number, length: number): Buffer {
    return Buffer.from(this.memory.buffer.slice(address, address + length) as ArrayBuffer);
  }

  u32(address: number): number {
    return this.view.getUint32(address, true);
  }

  u64(address: number): bigint {
    return this.view.getBigUint64(address, true);
  }

  /** Address of a list of buffers of the given lengths, and the buffers' addresses. */
  iovecs(...buffers: readonly [address: number, length: number][]): number {
    const list = this.alloc(buffers.length * 8);
    for (const [index, [address, length]] of buffers.entries()) {
      this.view.setUint32(list + index * 8, address, true);
      this.view.setUint32(list + index * 8 + 4, length, true);
    }
    return list;
  }

  async write(fd: number, text: string): Promise<{ errno: number; size: number }> {
    const size = this.alloc(4);
    const errno = await this.call("fd_write", fd, this.iovecs(this.text(text)), 1, size);
    return { errno, size: this.u32(size) };
  }

  async read(fd: number, length: number): Promise<{ errno: number; text: string }> {
    const size = this.alloc(4);
    const buffer = this.alloc(length);
    const errno = await this.call("fd_read", fd, this.iovecs([buffer, length]), 1, size);
    return { errno, text: errno === 0 ? this.bytes(buffer, this.u32(size)).toString() : "" };
  }

  async open(path: string, options: OpenArguments = {}): Promise<{ errno: number; fd: number }> {
    const result = this.alloc(4);
    const { dir = 3, lookup = 0, oflags = 0, rights = fullFileRights, inheriting = rights, flags = 0 } = options;
    const args = [dir, lookup, ...this.text(path), oflags, rights, inheriting, flags, result];
    const errno = await this.call("path_open", ...args);
    return { errno, fd: this.u32(result) };
  }

  /** A call of a function whose arguments are a directory and a path. */
  path(name: string, path: string, dir = 3): Promise<number> {
    return this.call(name, dir, ...this.text(path));
  }
}

export interface OpenArguments {
  readonly dir?: number;
  readonly lookup?: number;
  readonly oflags?: number;
  readonly rights?: bigint;
  readonly inheriting?: bigint;
  readonly flags?: number;
}

/** Reading and writing with all that belongs to it. */
export const fullFileRights: bigint = BigInt(fileRights);
/** Everything a preopened directory may do. */
export const fullDirectoryRights: bigint = BigInt(directoryRights);

/** Runs `program` as the guest of a host with `options`. */
export async function drive(
  options: Partial<Preview1Options>,
  program: (guest: GuestDriver) => Promise<void>,
  abi: AbiName = "wasi_snapshot_preview1",
): Promise<ExitStatus> {
  const host = createPreview1({
    args: ["guest"],
    env: {},
    stdin: emptySource,
    stdout: nullSink,
    stderr: nullSink,
    preopens: [],
    ...options,
  });
  let driver: GuestDriver;
  const run = new wasm.Suspending(() => program(driver));
  const instance = new wasm.Instance(await driverModule(abi), { ...host.imports, driver: { run: run as unknown } });
  driver = new GuestDriver(host, instance.exports);
  return host.start(instance);
}

/** Compiles a module in the text format. */
export async function compile(text: string, features: Record<string, boolean> = {}): Promise<Uint8Array<ArrayBuffer>> {
  const parsed = (await wabt()).parseWat("guest.wat", text, { exceptions: true, ...features });
  return new Uint8Array(parsed.toBinary({}).buffer);
}

async function driverModule(abi: AbiName): Promise<object> {
  const names = functionNames.filter((name) => abi === "wasi_snapshot_preview1" || name !== "sock_accept");
  const types = (name: string) => [...(signatures[name] ?? "")].map((type) => (type === "i" ? "i32" : "i64"));
  const result = (name: string) => (name === "proc_exit" ? "" : "(result i32)");
  const imports = names.map(
    (name) => `(import "${abi}" "${name}" (func $${name} (param ${types(name).join(" ")}) ${result(name)}))`,
  );
  const wrappers = names.map((name) => {
    const gets = types(name).map((_, index) => `(local.get ${index})`);
    return `(func (export "${name}") (param ${types(name).join(" ")}) ${result(name)} (call $${name} ${gets.join(" ")}))`;
  });
  const text = `(module ${imports.join("\n")}
    (import "driver" "run" (func $run))
    (memory (export "memory") 2)
    ${wrappers.join("\n")}
    (func (export "_start") (call $run)))`;
  return new wasm.Module(await compile(text));
}

/** A sink that keeps what it gets. */
export function collector(): ByteSink & { readonly text: string } {
  const chunks: Buffer[] = [];
  return {
    write: (bytes) => void chunks.push(Buffer.from(bytes)),
    get text() {
      return Buffer.concat(chunks).toString();
    },
  };
}

/** A logger that keeps its messages. */
export function logCollector(): { readonly logger: Logger; readonly entries: string[] } {
  const entries: string[] = [];
  const add = (message: string, fields?: unknown) => void entries.push(`${message} ${JSON.stringify(fields ?? {})}`);
  const logger: Logger = { debug: add, info: add, warn: add, error: add, child: () => logger };
  return { logger, entries };
}
