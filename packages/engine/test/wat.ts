import { writeFileSync } from "node:fs";
import wabt from "wabt";

/** Assembles WebAssembly text. */
export async function assemble(text: string): Promise<Uint8Array> {
  const module = (await wabt()).parseWat("test.wat", text);
  try {
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}

const wasi = "wasi_snapshot_preview1";

/** The start of a module's text: the functions of WASI the guests of the tests use, and a memory. */
export function prelude(memory = '(memory (export "memory") 1)'): string {
  return `
    (import "${wasi}" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
    (import "${wasi}" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
    (import "${wasi}" "proc_exit" (func $proc_exit (param i32)))
    (import "${wasi}" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
    (import "${wasi}" "random_get" (func $random_get (param i32 i32) (result i32)))
    (import "${wasi}" "fd_close" (func $fd_close (param i32) (result i32)))
    (import "${wasi}" "sock_accept" (func $sock_accept (param i32 i32 i32) (result i32)))
    (import "${wasi}" "path_open"
      (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    ${memory}
    ;; write(descriptor, address, length): all of it, or nothing; the vector is at 0.
    (func $write (param $descriptor i32) (param $address i32) (param $length i32)
      (i32.store (i32.const 0) (local.get $address))
      (i32.store (i32.const 4) (local.get $length))
      (drop (call $fd_write (local.get $descriptor) (i32.const 0) (i32.const 1) (i32.const 8))))
    ;; read(descriptor, address, length): bytes read
    (func $read (param $descriptor i32) (param $address i32) (param $length i32) (result i32)
      (i32.store (i32.const 0) (local.get $address))
      (i32.store (i32.const 4) (local.get $length))
      (drop (call $fd_read (local.get $descriptor) (i32.const 0) (i32.const 1) (i32.const 8)))
      (i32.load (i32.const 8)))
    ;; sleep(nanoseconds): the subscription is at 64
    (func $sleep (param $nanoseconds i64)
      (i32.store (i32.const 80) (i32.const 1))
      (i64.store (i32.const 88) (local.get $nanoseconds))
      (drop (call $poll_oneoff (i32.const 64) (i32.const 128) (i32.const 1) (i32.const 8))))`;
}

/** Text of a guest that does `body`; `data` is at address 1024. */
export function guest(body: string, data = "", memory?: string): string {
  return `(module ${prelude(memory)}
    (data (i32.const 1024) "${data}")
    (func (export "_start") ${body}))`;
}

/** Assembles a guest into a file. */
export async function writeGuest(path: string, text: string): Promise<string> {
  writeFileSync(path, await assemble(text));
  return path;
}

const hour = "(call $sleep (i64.const 3600000000000))";

/** Guests by what they do. */
export const guests = {
  hello: guest("(call $write (i32.const 1) (i32.const 1024) (i32.const 6))", "hello\\n"),
  exit7: guest("(call $proc_exit (i32.const 7))"),
  exitMinus1: guest("(call $proc_exit (i32.const -1))"),
  exit256: guest("(call $proc_exit (i32.const 256))"),
  trap: guest("unreachable"),
  spin: guest("(call $write (i32.const 1) (i32.const 1024) (i32.const 3)) (loop $again (br $again))", "on\\n"),
  sleep: guest(`(call $write (i32.const 1) (i32.const 1024) (i32.const 3)) ${hour}`, "on\\n"),
  // An unfinished line, and word on the other stream that it was written.
  unfinished: guest(
    `(call $write (i32.const 1) (i32.const 1024) (i32.const 4))
     (call $write (i32.const 2) (i32.const 1028) (i32.const 3)) ${hour}`,
    "halfon\\n",
  ),
  writeLoop: guest("(loop $again (call $write (i32.const 1) (i32.const 1024) (i32.const 5)) (br $again))", "line\\n"),
  ticks: guest(
    "(loop $again (call $write (i32.const 1) (i32.const 1024) (i32.const 5)) (call $sleep (i64.const 10000000)) (br $again))",
    "tick\\n",
  ),
  cat: guest(`(local $length i32)
    (loop $again
      (local.set $length (call $read (i32.const 0) (i32.const 2048) (i32.const 1000)))
      (if (local.get $length) (then
        (call $write (i32.const 1) (i32.const 2048) (local.get $length))
        (br $again))))`),
  // Writes 64 random bytes, each as a letter.
  random: guest(`(local $index i32)
    (drop (call $random_get (i32.const 2048) (i32.const 64)))
    (loop $again
      (i32.store8 offset=2048 (local.get $index)
        (i32.add (i32.const 65) (i32.and (i32.load8_u offset=2048 (local.get $index)) (i32.const 15))))
      (local.set $index (i32.add (local.get $index) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $index) (i32.const 64))))
    (i32.store8 (i32.const 2112) (i32.const 10))
    (call $write (i32.const 1) (i32.const 2048) (i32.const 65))`),
  // Copies /in/file to /out/copy, which is made, through the preopened root.
  copy: guest(
    `(local $in i32) (local $out i32)
    (drop (call $path_open (i32.const 3) (i32.const 0) (i32.const 1024) (i32.const 7) (i32.const 0)
      (i64.const 2) (i64.const 2) (i32.const 0) (i32.const 200)))
    (local.set $in (i32.load (i32.const 200)))
    (if (call $path_open (i32.const 3) (i32.const 0) (i32.const 1031) (i32.const 8) (i32.const 1)
      (i64.const 64) (i64.const 64) (i32.const 0) (i32.const 200)) (then (call $proc_exit (i32.const 1))))
    (local.set $out (i32.load (i32.const 200)))
    (call $write (local.get $out) (i32.const 2048) (call $read (local.get $in) (i32.const 2048) (i32.const 1000)))`,
    "in/fileout/copy",
  ),
  // Grows to 128 MiB and writes to each page.
  touch: guest(`(local $page i32)
    (drop (memory.grow (i32.const 2047)))
    (loop $again
      (i32.store (i32.shl (local.get $page) (i32.const 12)) (i32.const 1))
      (local.set $page (i32.add (local.get $page) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $page) (i32.const 32768))))`),
  // Greets every connection.
  greet: guest(
    `(loop $again
      (if (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 200)) (then (call $proc_exit (i32.const 1))))
      (call $write (i32.load (i32.const 200)) (i32.const 1024) (i32.const 6))
      (drop (call $fd_close (i32.load (i32.const 200))))
      (br $again))`,
    "hello\\n",
  ),
  // Writes 16 MiB to its first connection and exits.
  pour: guest(`
    (drop (memory.grow (i32.const 256)))
    (drop (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 200)))
    (call $write (i32.load (i32.const 200)) (i32.const 0) (i32.const 16777216))`),
  // Grows by a page until that fails, then exits with the number of pages.
  grow: guest(`
    (block $full (loop $again
      (br_if $full (i32.eq (memory.grow (i32.const 1)) (i32.const -1)))
      (br $again)))
    (call $proc_exit (memory.size))`),
} as const;
