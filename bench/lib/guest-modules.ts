import { writeFile } from "node:fs/promises";
import loadWabt from "wabt";

/** Sleeps without end in `poll_oneoff`. */
const idle = `(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (i32.store offset=16 (i32.const 0) (i32.const 1))
    (i64.store offset=24 (i32.const 0) (i64.const 3600000000000))
    (loop $again
      (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))
      (br $again))))`;

/** Prints one line and exits with 0. */
const job = `(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "done\\n")
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 16))
    (i32.store (i32.const 4) (i32.const 5))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))`;

/** Ends with 0 where it has an argument beside its name, as a command that finds itself in order; else sleeps without end. */
const check = `(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $count (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $count (i32.const 256) (i32.const 260)))
    (if (i32.gt_u (i32.load (i32.const 256)) (i32.const 1)) (then (return)))
    (i32.store offset=16 (i32.const 0) (i32.const 1))
    (i64.store offset=24 (i32.const 0) (i64.const 3600000000000))
    (loop $again
      (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))
      (br $again))))`;

const sources = { idle, job, check } as const;

/** Builds a guest for the benchmarks and writes it to `path`. */
export async function writeGuest(name: keyof typeof sources, path: string): Promise<void> {
  const wabt = await loadWabt();
  using module = disposable(wabt.parseWat(`${name}.wat`, sources[name]));
  await writeFile(path, module.value.toBinary({}).buffer);
}

function disposable<T extends { destroy(): void }>(value: T): Disposable & { readonly value: T } {
  return { value, [Symbol.dispose]: () => value.destroy() };
}
